/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings, understood: inputs and rules with their programs, in the order in
 * which they depend on each other, and the outputs with those who write them.
 * Made by check() to find faults, and by open() to run. Never changed after;
 * any thread may read it. Borrows text from the settings.
 */
#ifndef MODULES_RULES_MODEL_H
#define MODULES_RULES_MODEL_H

#include "modules/rules/lang/lang.h"
#include "modules/rules/names.h"
#include "modules/rules/settings.h"

#define MODEL_CHAIN_MAX  200    /* rules that name rules that name rules */

enum model_kind {
	MODEL_VALUE,
	MODEL_WHEN,
	MODEL_INTERLOCK,
	MODEL_PID
};

/* What a program of a rule is for; writes follow. */
enum model_part {
	MODEL_MAIN,             /* value, condition, or what a PID measures */
	MODEL_GATE,             /* `when` beside a value */
	MODEL_SETPOINT,
	MODEL_FIRST_WRITE
};

struct model_program {
	enum model_part part;
	uint32_t write;                 /* of settings->writes, for MODEL_FIRST_WRITE */
	struct lang_program *program;
	uint32_t terms;                 /* place of its values among the rule's */
	size_t state;                   /* place of its state among the rule's */
};

struct model_rule {
	const struct rule_settings *settings;
	enum model_kind kind;
	struct model_program *programs; /* MODEL_MAIN first */
	uint32_t program_count;
	uint32_t term_count;            /* of all programs */
	size_t state_size;
	int gate, setpoint;             /* places among programs; -1: none */
	bool is_shadow;
	bool is_published;
	uint32_t first_writer;          /* place of its first writer among the writers */
};

/* One who writes to an output. */
struct model_writer {
	uint32_t rule;                  /* place in the order of settings */
	uint32_t write;                 /* of its settings->writes */
	uint32_t output;
	int program;                    /* of the value; -1: the rule's result */
	unsigned priority;
	enum lang_type type;
	double fail_safe;
};

struct model_output {
	const char *tag;                /* device:tag */
	const char *heartbeat;          /* NULL: none */
	uint32_t *writers;              /* the highest priority first */
	uint32_t writer_count;
};

struct model {
	const struct rules_settings *settings;
	struct lang_symbol *symbols;    /* inputs, then rules: the sources */
	struct model_rule *rules;       /* as in settings */
	uint32_t *order;                /* rules, each behind those that it names */
	uint32_t ordered;
	struct model_writer *writers;
	uint32_t writer_count;
	struct model_output *outputs;
	uint32_t output_count;
	struct names names;             /* of symbols */
	struct names output_names;
};

/* -EINVAL, told in err; -ENOMEM. err also hears warnings. */
int model_new(const struct rules_settings *settings, struct ew_error *err,
	      struct model **model_out);
void model_free(struct model **model);

/* The source that a rule is. */
uint32_t model_source(const struct model *model, uint32_t rule);

/* Bytes that a rule takes in the model and while it runs. */
size_t model_rule_bytes(const struct model_rule *rule);

#endif
