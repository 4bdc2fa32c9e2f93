/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket's place on the bus: the commands about devices, tags,
 * values, writes and routes. One endpoint asks for writes; each `watch` is an
 * endpoint of its own, under one of a fixed set of names. On the loop given.
 */
#ifndef CORE_CTL_DESK_H
#define CORE_CTL_DESK_H

#include "core/bus/bus.h"
#include "core/ctl/ctl.h"

struct desk;

int desk_new(struct bus *bus, struct loop *loop, struct desk **desk_out) EW_CHECKED;

struct ctl_table desk_table(struct desk *desk);

/* End what is open and leave the bus; the loop must run until desk_has_left(). */
void desk_leave(struct desk *desk);
bool desk_has_left(const struct desk *desk);

/* After desk_has_left(), and after the control socket. Accepts NULL. */
void desk_free(struct desk **desk);

#endif
