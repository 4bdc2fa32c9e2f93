/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language of rules: an expression is compiled once and then run without
 * allocation, strings or system calls. Pure; a program may be run on one
 * thread at a time for each state.
 *
 * A program is a list of operations in the order of their need; each has a
 * place of its own for its result, so that every term can be shown as it was
 * at the last run. There are no jumps: each run costs the same, and functions
 * of time see every run.
 *
 * A value is a number, or 1 and 0 for yes and no, with the quality of a
 * sample. What is bad has no number: its x is NaN, and only then.
 */
#ifndef MODULES_RULES_LANG_LANG_H
#define MODULES_RULES_LANG_LANG_H

#include <edgeway/loop.h>
#include <edgeway/sample.h>

#include "modules/rules/lang/unit.h"

#define LANG_OPS_MAX   256      /* operations of one expression */
#define LANG_TEXT_MAX  4096     /* bytes of one expression */
#define LANG_DEPTH_MAX 32       /* brackets in brackets */
#define LANG_NEVER     INT64_MAX

enum lang_type {
	LANG_ANY,               /* not said yet */
	LANG_NUMBER,
	LANG_BOOL
};

struct lang_value {
	double x;
	uint16_t quality;       /* as ew_sample.quality */
};

/* What a name stands for while programs run: an input, or another rule. */
struct lang_source {
	struct lang_value value;
	uint64_t count;         /* of samples so far */
	ew_dur time;            /* monotonic, of the last one */
};

/* The same while they are compiled. */
struct lang_symbol {
	enum lang_type type;    /* LANG_ANY: its first use says */
	struct unit unit;
	bool is_input;          /* has samples: what sum() and stale() need */
};

/* Where names are looked up. */
struct lang_scope {
	/*
	 * The symbol of a name and its place among the sources. NULL: none, or
	 * one that may not be named here: *why_out then says why.
	 */
	struct lang_symbol *(*find)(void *arg, const char *name, size_t size,
				    uint32_t *source_out, const char **why_out);
	void *arg;
};

struct lang_op {
	uint8_t code;
	uint8_t is_state;       /* aux is a place in the state */
	uint16_t a, b, c;       /* places of the operands */
	uint32_t aux;           /* source, constant, or place in the state */
	ew_dur span;            /* of functions of time */
};

/* Which part of the text an operation comes from. */
struct lang_term {
	uint16_t from, to;
};

struct lang_program {
	uint32_t count;                 /* of ops, terms; the last is the result */
	uint32_t source_count;
	size_t state_size;              /* bytes */
	size_t size;                    /* bytes of the program itself */
	enum lang_type type;
	bool is_constant;               /* names no source, knows no time */
	struct unit unit;
	const struct lang_op *ops;
	const struct lang_term *terms;
	const double *constants;
	const uint32_t *sources;        /* that it names, each once */
	const char *text;
};

/* What is wrong with an expression, and at which byte of it. */
struct lang_fault {
	size_t at;
	char text[200];
};

/*
 * -EINVAL with fault, -ENOMEM. Symbols without a type get one by their use,
 * also when it fails. Free with lang_free().
 */
int lang_compile(const struct lang_scope *scope, const char *text,
		 struct lang_fault *fault_out, struct lang_program **program_out);
void lang_free(struct lang_program **program);

/*
 * Run: terms gets count values; state is state_size zeroed bytes at the first
 * run, aligned for a double. Returns when to run again though no source has
 * changed, LANG_NEVER, or `now` for at once. now never goes back.
 */
ew_dur lang_run(const struct lang_program *program, const struct lang_source *sources, ew_dur now,
		struct lang_value *terms, void *state);

/* Whether a term is a number or yes or no; of a name, what the program knows of it. */
enum lang_type lang_term_type(const struct lang_program *program, uint32_t term);

/* A number as it was written. */
bool lang_is_literal(const struct lang_program *program, uint32_t term);

/* Value of a constant program. */
struct lang_value lang_constant(const struct lang_program *program);

struct lang_value lang_good(double x);
struct lang_value lang_bad(enum ew_reason reason);

static inline bool lang_is_bad(struct lang_value value)
{
	return EW_QUALITY_CLASS(value.quality) == EW_BAD;
}

/* The form of every function, `avg(x over 10s)`. NULL: no more. */
const char *lang_function(size_t index);

#endif
