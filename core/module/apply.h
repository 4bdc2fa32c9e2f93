/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the configuration to the bus and to instances: what the daemon does at
 * start and at a reload, and the test library with it. Main thread.
 */
#ifndef CORE_MODULE_APPLY_H
#define CORE_MODULE_APPLY_H

#include "core/conf/config_bind.h"
#include "core/module/instance.h"

/* Replace the bus's routes by those of the configuration. Errors as bus_set_routes(). */
int apply_routes(struct bus *bus, const struct config *config, struct ew_error *err);

/* Replace who may write what. Errors as bus_set_access(). */
int apply_access(struct bus *bus, const struct config *config, struct ew_error *err);

/*
 * What the YAML says to one instance, bound by its module's tables and judged
 * by its check(). The caller's to hand to instance_new() or instance_reload(),
 * or to drop. Errors as config_bind_instance(), told in diag.
 */
int apply_bind(const struct config *config, const struct config_instance *instance,
	       const struct module *module, struct diag *diag,
	       struct instance_settings *settings_out);

/* How the instance is to run; texts are borrowed from the configuration. */
struct instance_config apply_instance(const struct config_instance *instance);

#endif
