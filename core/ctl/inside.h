/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ctl.c (the socket and its guests) and connection.c (one of them) share.
 * Loop's thread only.
 */
#ifndef CORE_CTL_INSIDE_H
#define CORE_CTL_INSIDE_H

#include "core/base/list.h"
#include "core/ctl/ctl.h"

struct connection;

/* The one request of a connection. */
struct ctl_request {
	struct connection *connection;
	struct json_object fields;
	struct ctl_hooks hooks;
	bool is_open;
};

struct connection {
	struct list node;               /* of ctl.connections */
	struct ctl *ctl;
	struct loop_watch watch;
	struct loop_timer patience;     /* runs while the client owes us something */
	struct buf in;
	struct buf out;
	size_t consumed;                /* bytes of `in` that the open request uses */
	struct ctl_request request;
	bool is_ending;                 /* close once `out` is sent */
	bool is_dead;                   /* free it when the stack is unwound */
	unsigned depth;                 /* of our functions on the stack */
	int fd;
	char who[32];
};

struct ctl {
	struct ctl_config config;
	struct loop_watch watch;
	struct list connections;
	size_t connection_count;
	struct ctl_stats stats;
	int fd;
	char path[108];
};

/* Takes fd also on failure. */
int connection_new(struct ctl *ctl, int fd, const char *who);
void connection_free(struct connection *connection);

const struct ctl_command *ctl_find(const struct ctl *ctl, const char *name, void **arg_out);

#endif
