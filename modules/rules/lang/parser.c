/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What parsing stands on: tokens, faults, operations, types and units. After
 * the first fault everything returns quickly and nothing is emitted any more.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "modules/rules/lang/inside.h"

#define UNIT_TEXT_MAX  64

void parser_fail(struct parser *parser, size_t at, const char *format, ...)
{
	va_list args;

	if (parser->error != 0) {
		return;
	}
	va_start(args, format);
	(void)vsnprintf(parser->fault->text, sizeof(parser->fault->text), format, args);
	va_end(args);
	parser->fault->at = at;
	parser->error = -EINVAL;
}

void parser_step(struct parser *parser)
{
	parser->last_end = parser->token.at + parser->token.size;
	if (parser->error == 0) {
		parser->error = token_next(parser->text, &parser->at, &parser->token,
					   parser->fault);
	}
	if (parser->error != 0) {
		parser->token.kind = TOKEN_END;
	}
}

bool parser_is_sign(const struct parser *parser, int sign)
{
	return parser->token.kind == TOKEN_SIGN && parser->token.sign == sign;
}

static bool token_is_word(const char *text, const struct token *token, const char *word)
{
	return token->kind == TOKEN_NAME && token->size == strlen(word) &&
	       memcmp(text + token->at, word, token->size) == 0;
}

bool parser_is_word(const struct parser *parser, const char *word)
{
	return token_is_word(parser->text, &parser->token, word);
}

void parser_expect(struct parser *parser, int sign)
{
	if (!parser_is_sign(parser, sign)) {
		parser_fail(parser, parser->token.at, "a '%c' is missing here", sign);
		return;
	}
	parser_step(parser);
}

struct node parser_emit(struct parser *parser, struct lang_op op, size_t at, enum lang_type type)
{
	struct node node = { .at = at, .type = type };
	size_t size = lang_state_size((enum lang_code)op.code);

	if (parser->error != 0) {
		return node;
	}
	if (parser->op_count == LANG_OPS_MAX) {
		parser_fail(parser, at, "more than %d operations in one expression", LANG_OPS_MAX);
		return node;
	}
	if (size > 0) {
		op.is_state = 1;
		op.aux = (uint32_t)parser->state_size;
		parser->state_size += size;
		parser->is_constant = false;
	}
	node.op = (uint16_t)parser->op_count;
	parser->ops[node.op] = op;
	parser->terms[node.op] = (struct lang_term){ (uint16_t)at, (uint16_t)parser->last_end };
	parser->op_count++;
	return node;
}

struct node parser_literal(struct parser *parser, double number)
{
	struct lang_op op = { .code = LANG_CONSTANT, .aux = parser->constant_count };
	struct node node = parser_emit(parser, op, parser->token.at, LANG_NUMBER);

	if (parser->error == 0) {
		parser->constants[parser->constant_count++] = number;
	}
	return node;
}

static const char *type_name(enum lang_type type)
{
	return type == LANG_BOOL ? "yes or no" : "a number";
}

void parser_want(struct parser *parser, struct node *node, enum lang_type type)
{
	if (parser->error != 0 || node->type == type || type == LANG_ANY) {
		return;
	}
	if (node->type == LANG_ANY) {
		node->type = type;
		if (node->symbol != NULL) {
			node->symbol->type = type;
		}
		return;
	}
	if (node->symbol != NULL) {
		parser_fail(parser, node->at, "%s is wanted here, and this name is used as %s",
			    type_name(type), type_name(node->type));
	} else {
		parser_fail(parser, node->at, "%s is wanted here, not %s", type_name(type),
			    type_name(node->type));
	}
}

/* Tell a literal in another unit: its constant is changed. */
static bool parser_retell(struct parser *parser, struct node *literal, const struct unit *unit)
{
	double scale, shift;
	double *value = &parser->constants[parser->ops[literal->op].aux];

	if (!literal->is_literal || !unit_is_alike(&literal->unit, unit)) {
		return false;
	}
	unit_convert(&literal->unit, unit, &scale, &shift);
	*value = *value * scale + shift;
	literal->unit = *unit;
	return true;
}

struct unit parser_unify(struct parser *parser, struct node *a, struct node *b)
{
	char left[UNIT_TEXT_MAX], right[UNIT_TEXT_MAX];

	if (parser->error != 0 || !a->unit.is_known) {
		return b->unit;
	}
	if (!b->unit.is_known || unit_is_same(&a->unit, &b->unit)) {
		return a->unit;
	}
	if (parser_retell(parser, b, &a->unit) || parser_retell(parser, a, &b->unit)) {
		return a->unit;
	}
	(void)unit_format(&a->unit, left, sizeof(left));
	(void)unit_format(&b->unit, right, sizeof(right));
	if (unit_is_alike(&a->unit, &b->unit)) {
		parser_fail(parser, b->at, "'%s' and '%s' are told differently; write 'in [UNIT]'"
			    " behind one of them", left, right);
	} else {
		parser_fail(parser, b->at, "'%s' and '%s' do not go together", left, right);
	}
	return a->unit;
}

ew_dur parser_duration(struct parser *parser)
{
	const struct token *token = &parser->token;
	struct unit unit, second = unit_second();
	double value;

	if (parser->error != 0) {
		return 0;
	}
	if (token->kind != TOKEN_NUMBER || token->unit_size == 0 ||
	    unit_parse(parser->text + token->unit_at, token->unit_size, &unit) != 0 ||
	    !unit_is_alike(&unit, &second)) {
		parser_fail(parser, token->at,
			    "a time is wanted here, such as 500ms, 10s, 5min, 1h");
		return 0;
	}
	value = token->number * unit.factor;
	if (!(value >= 1e-3 && value <= 366 * 86400.0)) {
		parser_fail(parser, token->at, "a time from 1ms to 366d is wanted here");
		return 0;
	}
	parser_step(parser);
	return (ew_dur)(value * 1e9 + 0.5);
}
