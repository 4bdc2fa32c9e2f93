/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what is rehearsed, finds the instance, runs it to the end of the record. */
#include "core/rehearsal/rehearsal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/rehearsal/teller.h"

static void rehearsal_show_finding(void *arg, bool is_error, const char *line)
{
	(void)arg;
	(void)is_error; /* the line says so */
	fprintf(stderr, "%s\n", line);
}

static bool rehearsal_is_meant(const struct config_instance *instance, const char *name)
{
	return name == NULL || strcmp(instance->name, name) == 0 ||
	       strcmp(instance->module, name) == 0;
}

/* By instance, then by module. NULL: told. */
static const struct config_instance *rehearsal_find(const struct rehearsal_plan *plan,
						    const struct config *config, struct diag *diag)
{
	const struct config_instance *found = NULL;
	const struct conf_place place = { .file = plan->config };

	if (plan->instance != NULL) {
		found = config_find_instance(config, plan->instance);
	}
	for (size_t i = 0; found == NULL && i < config->instance_count; i++) {
		found = rehearsal_is_meant(&config->instances[i], plan->instance)
		      ? &config->instances[i] : NULL;
	}
	if (found == NULL) {
		(void)diag_error(diag, &place, "no instance or module '%s'",
				 plan->instance != NULL ? plan->instance : "");
		return NULL;
	}
	for (size_t i = 0; i < config->instance_count; i++) {
		const struct config_instance *other = &config->instances[i];

		if (other != found && rehearsal_is_meant(other, plan->instance) &&
		    (plan->instance == NULL || strcmp(found->name, plan->instance) != 0)) {
			(void)diag_error(diag, &place, "which instance is meant, '%s' or '%s'?",
					 found->name, other->name);
			return NULL;
		}
	}
	return found;
}

/* What the instance says of itself in the end, if all is not well. */
static void rehearsal_health(const struct stage *stage)
{
	struct instance_health health = instance_health(stage->inst);

	if (health.health != EW_UP) {
		fprintf(stderr, "edgewayd: %s: %s\n", instance_name(stage->inst), health.text);
	}
}

static int rehearsal_play(const struct rehearsal_plan *plan, const struct stage_plan *what,
			  struct diag *diag)
{
	const struct teller_config how = { stdout, plan->json, plan->all, what->instance->name };
	struct teller *teller = NULL;
	struct stage *stage = NULL;
	struct ew_error err;
	int error;

	error_clear(&err);
	error = stage_new(what, diag, &err, &stage);
	if (error == 0) {
		error = teller_new(stage, &how, &teller);
	}
	if (error == 0) {
		while (stage_play(stage)) {
			teller_tell(teller);
		}
		teller_end(teller);
		rehearsal_health(stage);
		error = fflush(stdout) != 0 ? -errno : 0;
	}
	if (error != 0 && diag->errors == 0) {
		fprintf(stderr, "edgewayd: %s\n", error_is_set(&err) ? err.text : strerror(-error));
	}
	teller_free(&teller);
	stage_free(&stage);
	return error;
}

int rehearsal_run(const struct rehearsal_plan *plan)
{
	struct stage_plan what = { 0 };
	struct config *config = NULL;
	struct record *record = NULL;
	struct ew_error err;
	struct diag diag;
	int error;

	diag_init(&diag);
	error_clear(&err);
	log_set_level(LOG_LEVEL_ERROR); /* what happens is told, not logged */
	error = config_load(plan->config, CONFIG_CHECK_ONLY, &diag, &config);
	if (error == 0) {
		what.config = config;
		what.instance = rehearsal_find(plan, config, &diag);
		error = what.instance == NULL ? -EINVAL : 0;
	}
	if (error == 0) {
		error = loader_find(plan->loader, what.instance->module, &what.module, &err);
	}
	if (error == -EINVAL && error_is_set(&err)) {
		(void)diag_error(&diag, &what.instance->node->place, "%s", err.text);
	}
	if (error == 0) {
		error = record_load(plan->data, &diag, &record);
		what.record = record;
	}
	if (error == 0) {
		error = rehearsal_play(plan, &what, &diag);
	}
	diag_each(&diag, rehearsal_show_finding, NULL);
	record_free(&record);
	config_free(&config);
	diag_fini(&diag);
	return error;
}
