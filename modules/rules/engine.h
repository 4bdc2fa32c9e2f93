/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model that runs: values come in, the rules that they concern are run in
 * their order, and whoever drives the engine hears of each. Knows time only as
 * it is told, and neither allocates nor calls the kernel once it stands.
 *
 * A rule is run when one of its sources changed or a sample of an input came,
 * or when its time has come (`for`, windows, PID steps); never otherwise.
 */
#ifndef MODULES_RULES_ENGINE_H
#define MODULES_RULES_ENGINE_H

#include "modules/rules/agenda.h"
#include "modules/rules/model.h"
#include "modules/rules/pid.h"

struct engine_rule {
	struct lang_value *terms;       /* of all programs */
	struct lang_value *at_firing;   /* the same, when the rule fired last */
	char *state;                    /* the same */
	struct pid pid;
	struct lang_value setpoint;     /* in effect: the expression's, or as written */
	bool has_setpoint;              /* as written */
	bool is_armed;                  /* all its sources were good once */
	bool is_true;                   /* condition at the last run */
	ew_dur next_step;               /* PID */
	uint64_t runs;
	ew_dur fired;                   /* when the condition became true, or the value moved */
};

/* After each run of a rule. */
typedef void (*engine_fn)(void *arg, uint32_t rule, bool changed);

struct engine {
	const struct model *model;
	struct lang_source *sources;    /* inputs, then rules */
	struct engine_rule *rules;      /* as in the model */
	uint32_t *ranks;                /* of a rule, in the order */
	uint32_t *firsts;               /* of a source: its first among the readers */
	uint32_t *readers;              /* ranks of rules */
	uint64_t *dirty;                /* a bit a rank */
	uint32_t low, high;             /* words of dirty between which bits may be set */
	ew_dur *stale;                  /* of an input: span; 0: never */
	struct agenda agenda;           /* rules, inputs, then what the driver likes */
	ew_dur now;
	engine_fn on_run;
	void *arg;
	void *memory;
};

/* more: numbers of the agenda for the driver. -ENOMEM. */
int engine_init(struct engine *engine, const struct model *model, uint32_t more);
void engine_fini(struct engine *engine);

/* A sample of an input. */
void engine_put(struct engine *engine, uint32_t input, struct lang_value value, ew_dur now);

/* The input is bad now, though no sample came. */
void engine_spoil(struct engine *engine, uint32_t input, enum ew_reason reason);

/* Whether a rule has yet to see the last sample of this input. */
bool engine_is_pending(const struct engine *engine, uint32_t input);

/* Run what is concerned. */
void engine_run(struct engine *engine, ew_dur now);

/* Run all, as at the beginning. */
void engine_run_all(struct engine *engine, ew_dur now);

/* Run one although nothing changed: after its PID was touched. */
void engine_touch(struct engine *engine, uint32_t rule);

/* When engine_due() is next needed. */
ew_dur engine_next(const struct engine *engine);

/*
 * Do what is due: rules and inputs here; a number of the driver's own is given
 * back, counted from 0. NAMES_NONE: all is done.
 */
uint32_t engine_due(struct engine *engine, ew_dur now);

/* When to give a number of the driver's own back. */
void engine_ask(struct engine *engine, uint32_t number, ew_dur time);

/* Result of a rule; its condition, when it has one. */
struct lang_value engine_result(const struct engine *engine, uint32_t rule);
struct lang_value engine_condition(const struct engine *engine, uint32_t rule);

/* What a program of a rule gave last. */
struct lang_value engine_program(const struct engine *engine, uint32_t rule, uint32_t program);

#endif
