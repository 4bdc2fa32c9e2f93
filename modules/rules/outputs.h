/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who writes what: the part of a model that joins the writes of all rules to
 * outputs, and finds those that would fight. Pure.
 */
#ifndef MODULES_RULES_OUTPUTS_H
#define MODULES_RULES_OUTPUTS_H

#include "modules/rules/model.h"

/* After all rules are compiled. -EINVAL, told in err; -ENOMEM. */
int outputs_make(struct model *model, struct ew_error *err);
void outputs_free(struct model *model);

#endif
