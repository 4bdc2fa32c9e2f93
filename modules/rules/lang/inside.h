/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compiler's files and the interpreter share: codes of operations,
 * the parser, the state that functions of time keep.
 */
#ifndef MODULES_RULES_LANG_INSIDE_H
#define MODULES_RULES_LANG_INSIDE_H

#include "modules/rules/lang/lang.h"

enum lang_code {
	/* no operand */
	LANG_CONSTANT,
	LANG_SOURCE,
	/* one */
	LANG_NOT,
	LANG_NEGATE,
	LANG_ABS,
	LANG_SQRT,
	LANG_EXP,
	LANG_LN,
	LANG_FLOOR,
	LANG_CEIL,
	LANG_ROUND,
	LANG_GOOD,
	LANG_CONVERT,           /* * constants[aux] + constants[aux + 1] */
	/* two */
	LANG_ADD,
	LANG_SUBTRACT,
	LANG_MULTIPLY,
	LANG_DIVIDE,
	LANG_MODULO,
	LANG_POWER,
	LANG_MIN,
	LANG_MAX,
	LANG_LESS,
	LANG_LESS_EQUAL,
	LANG_EQUAL,
	LANG_NOT_EQUAL,
	LANG_AND,
	LANG_OR,
	LANG_FALLBACK,
	/* three */
	LANG_IF,
	LANG_CLAMP,
	/* with a state */
	LANG_FOR,
	LANG_RISING,
	LANG_FALLING,
	LANG_CHANGED,
	LANG_STALE,
	LANG_HYSTERESIS,
	LANG_DEBOUNCE,
	LANG_LAST_GOOD,
	LANG_RAMP,
	LANG_LATCH,
	LANG_OVER_AVG,
	LANG_OVER_MIN,
	LANG_OVER_MAX,
	LANG_OVER_SUM,
	LANG_OVER_RATE,
	LANG_OVER_DELTA
};

/* Tells what an operation keeps between runs; 0: nothing. */
size_t lang_state_size(enum lang_code code);

/* ---- words ---- */

enum token_kind {
	TOKEN_END,
	TOKEN_NUMBER,           /* number, and its unit when there is one */
	TOKEN_NAME,
	TOKEN_UNIT,             /* [kPa] on its own */
	TOKEN_SIGN              /* sign: the character, or two of them */
};

#define SIGN2(a, b)  ((a) << 8 | (b))

struct token {
	enum token_kind kind;
	size_t at, size;        /* in the text */
	int sign;
	double number;
	size_t unit_at, unit_size;
};

/* -EINVAL with fault. */
int token_next(const char *text, size_t *at, struct token *token_out, struct lang_fault *fault_out);

/* ---- the parser ---- */

/* What is known of a term while the rest is parsed. */
struct node {
	uint16_t op;            /* its place */
	size_t at;              /* in the text */
	enum lang_type type;
	struct unit unit;
	bool is_literal;        /* a number as written */
	bool is_bare;           /* and without a unit */
	struct lang_symbol *symbol; /* a name on its own; or NULL */
};

struct parser {
	const struct lang_scope *scope;
	const char *text;
	size_t at;              /* behind the token */
	struct token token;
	size_t last_end;        /* of the token before it */
	struct lang_fault *fault;
	int error;              /* 0 until something is wrong */
	unsigned depth;
	bool is_constant;
	uint32_t op_count, constant_count, source_count;
	size_t state_size;
	struct lang_op ops[LANG_OPS_MAX];
	struct lang_term terms[LANG_OPS_MAX];
	double constants[2 * LANG_OPS_MAX];
	uint32_t sources[LANG_OPS_MAX];
};

/* Keeps the first fault. */
void parser_fail(struct parser *parser, size_t at, const char *format, ...) EW_PRINTF(3, 4);
void parser_step(struct parser *parser);
bool parser_is_sign(const struct parser *parser, int sign);
bool parser_is_word(const struct parser *parser, const char *word);
void parser_expect(struct parser *parser, int sign);
ew_dur parser_duration(struct parser *parser);
struct node parser_expression(struct parser *parser);
struct node parser_literal(struct parser *parser, double number);

/* Append an operation; its term begins with the first operand. */
struct node parser_emit(struct parser *parser, struct lang_op op, size_t at,
			enum lang_type type);

/* Want a type of a term; of a name it settles it. */
void parser_want(struct parser *parser, struct node *node, enum lang_type type);

/* Bring two numbers to one unit, or say why not; the unit of both. */
struct unit parser_unify(struct parser *parser, struct node *a, struct node *b);

/* One of the functions; the token is the bracket behind its name. */
struct node parser_call(struct parser *parser, const struct token *name);
bool parser_is_function(const struct parser *parser, const struct token *name);

/* Why a name is not known, with what was probably meant. */
void parser_unknown(struct parser *parser, const struct token *name);

#endif
