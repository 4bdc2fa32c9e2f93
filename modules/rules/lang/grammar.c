/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar, by recursive descent, with types and units checked on the way
 * and operations emitted at once.
 *
 *	expression  or | 'if' expression 'then' expression 'else' expression
 *	or          and {'or' and}
 *	and         not {'and' not}
 *	not         {'not'} held
 *	held        compare ['for' time]
 *	compare     sum [('<' '<=' '>' '>=' '==' '!=') sum]
 *	sum         product {('+' '-') product}
 *	product     sign {('*' '/') sign}
 *	sign        {'-'} told
 *	told        primary ['in' '[unit]']
 *	primary     number | 'yes' | 'no' | name | name '(' ... ')' | '(' expression ')'
 */
#include "modules/rules/lang/inside.h"

#define UNIT_TEXT_MAX  64

static const char *const words[] = {
	"and", "or", "not", "if", "then", "else", "for", "over", "in", "yes", "no", "true", "false",
};

/* ---- names and numbers ---- */

static struct node parse_number(struct parser *parser)
{
	const struct token token = parser->token;
	struct node node;

	parser->last_end = token.at + token.size;
	node = parser_literal(parser, token.number);
	node.is_literal = true;
	node.is_bare = token.unit_size == 0 && parser->text[token.at + token.size - 1] != ']';
	if (!node.is_bare && parser->error == 0 &&
	    unit_parse(parser->text + token.unit_at, token.unit_size, &node.unit) != 0) {
		parser_fail(parser, token.unit_at, "'%.*s' is not a unit that is known",
			    (int)(token.unit_size > 32 ? 32 : token.unit_size),
			    parser->text + token.unit_at);
	}
	parser_step(parser);
	return node;
}

static struct node parse_truth(struct parser *parser, bool value)
{
	struct node node;

	parser->last_end = parser->token.at + parser->token.size;
	node = parser_literal(parser, value ? 1 : 0);
	node.type = LANG_BOOL;
	parser_step(parser);
	return node;
}

static void parser_note_source(struct parser *parser, uint32_t source)
{
	for (uint32_t i = 0; i < parser->source_count; i++) {
		if (parser->sources[i] == source) {
			return;
		}
	}
	parser->sources[parser->source_count++] = source; /* never more than operations */
}

static struct node parse_name(struct parser *parser)
{
	const struct token name = parser->token;
	struct lang_symbol *symbol;
	struct node node = { .at = name.at };
	const char *why = NULL;
	uint32_t source = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (parser_is_word(parser, words[i])) {
			parser_fail(parser, name.at, "a value is missing before '%s'", words[i]);
			return node;
		}
	}
	parser_step(parser);
	if (parser_is_sign(parser, '(')) {
		return parser_call(parser, &name);
	}
	symbol = parser->error != 0 ? NULL
		: parser->scope->find(parser->scope->arg, parser->text + name.at, name.size,
				      &source, &why);
	if (symbol == NULL) {
		if (why != NULL) {
			parser_fail(parser, name.at, "%s", why);
		}
		parser_unknown(parser, &name);
		return node;
	}
	node = parser_emit(parser, (struct lang_op){ .code = LANG_SOURCE, .aux = source }, name.at,
			   symbol->type);
	node.unit = symbol->unit;
	node.symbol = symbol;
	if (parser->error == 0) {
		parser->is_constant = false;
		parser_note_source(parser, source);
	}
	return node;
}

static struct node parse_primary(struct parser *parser)
{
	struct node node = { .at = parser->token.at };

	if (parser->token.kind == TOKEN_NUMBER) {
		return parse_number(parser);
	}
	if (parser_is_word(parser, "yes") || parser_is_word(parser, "true")) {
		return parse_truth(parser, true);
	}
	if (parser_is_word(parser, "no") || parser_is_word(parser, "false")) {
		return parse_truth(parser, false);
	}
	if (parser->token.kind == TOKEN_NAME) {
		return parse_name(parser);
	}
	if (parser_is_sign(parser, '(')) {
		parser_step(parser);
		node = parser_expression(parser);
		parser_expect(parser, ')');
		node.is_literal = false;
		return node;
	}
	parser_fail(parser, parser->token.at, parser->token.kind == TOKEN_END
		    ? "the expression ends where a value is missing"
		    : "a value is missing here");
	return node;
}

/* ---- arithmetic ---- */

static struct node parse_told(struct parser *parser)
{
	struct node node = parse_primary(parser);
	struct unit unit = { 0 };
	struct lang_op op = { .code = LANG_CONVERT, .a = node.op };
	const struct token *token = &parser->token;

	if (!parser_is_word(parser, "in")) {
		return node;
	}
	parser_want(parser, &node, LANG_NUMBER);
	parser_step(parser);
	if (parser->error == 0 && (token->kind != TOKEN_UNIT ||
	    unit_parse(parser->text + token->unit_at, token->unit_size, &unit) != 0)) {
		parser_fail(parser, token->at,
			    "a unit that is known is wanted here, such as [kPa]");
	}
	if (parser->error == 0 && !node.unit.is_known) {
		parser_fail(parser, node.at, "the unit of this is not known: it cannot be told"
			    " in another");
	}
	if (parser->error == 0 && !unit_is_alike(&node.unit, &unit)) {
		char text[UNIT_TEXT_MAX];

		parser_fail(parser, token->at, "'%s' cannot be told in this unit",
			    unit_format(&node.unit, text, sizeof(text)));
	}
	parser_step(parser);
	if (parser->error != 0) {
		return node;
	}
	op.aux = parser->constant_count;
	unit_convert(&node.unit, &unit, &parser->constants[op.aux],
		     &parser->constants[op.aux + 1]);
	parser->constant_count += 2;
	node = parser_emit(parser, op, node.at, LANG_NUMBER);
	node.unit = unit;
	return node;
}

static struct node parse_sign(struct parser *parser)
{
	size_t at = parser->token.at;
	unsigned count = 0;
	struct node node;

	while (parser_is_sign(parser, '-')) {
		parser_step(parser);
		count++;
	}
	node = parse_told(parser);
	if (count == 0) {
		return node;
	}
	parser_want(parser, &node, LANG_NUMBER);
	if (count % 2 == 1 && node.is_literal && parser->error == 0) {
		double *value = &parser->constants[parser->ops[node.op].aux];

		*value = -*value;
		parser->terms[node.op].from = (uint16_t)at;
	} else if (count % 2 == 1) {
		bool is_bare = node.is_bare;
		struct unit unit = node.unit;

		node = parser_emit(parser, (struct lang_op){ .code = LANG_NEGATE, .a = node.op },
				   at, LANG_NUMBER);
		node.is_bare = is_bare;
		node.unit = unit;
	}
	return node;
}

static struct node parse_product(struct parser *parser)
{
	struct node left = parse_sign(parser);

	while (parser_is_sign(parser, '*') || parser_is_sign(parser, '/')) {
		bool divides = parser->token.sign == '/';
		struct unit a, b;
		struct node right;
		bool is_bare;

		parser_step(parser);
		right = parse_sign(parser);
		parser_want(parser, &left, LANG_NUMBER);
		parser_want(parser, &right, LANG_NUMBER);
		is_bare = left.is_bare && right.is_bare;
		a = left.is_bare ? unit_one() : left.unit;
		b = right.is_bare ? unit_one() : right.unit;
		if (right.is_bare && a.is_point) {
			b = (struct unit){ 0 }; /* half of 20 Cel is nothing */
		}
		left = parser_emit(parser, (struct lang_op){
				.code = divides ? LANG_DIVIDE : LANG_MULTIPLY,
				.a = left.op, .b = right.op }, left.at, LANG_NUMBER);
		left.is_bare = is_bare;
		if (!is_bare) {
			left.unit = unit_multiply(&a, &b, divides ? -1 : 1);
		}
	}
	return left;
}

/* Places on a scale: a difference of two is none, and a difference may be added to one. */
static struct unit parser_sum_unit(struct parser *parser, struct node *a, struct node *b,
				   bool subtracts)
{
	struct unit plain = unit_difference(&a->unit);

	if (a->unit.is_known && b->unit.is_known && a->unit.is_point && !b->unit.is_point &&
	    unit_is_same(&plain, &b->unit)) {
		return a->unit;
	}
	if (subtracts) {
		struct unit unit = parser_unify(parser, a, b);

		return a->unit.is_known && b->unit.is_known ? unit_difference(&unit) : unit;
	}
	return parser_unify(parser, a, b);
}

static struct node parse_sum(struct parser *parser)
{
	struct node left = parse_product(parser);

	while (parser_is_sign(parser, '+') || parser_is_sign(parser, '-')) {
		bool subtracts = parser->token.sign == '-';
		struct unit unit;
		struct node right;
		bool is_bare;

		parser_step(parser);
		right = parse_product(parser);
		parser_want(parser, &left, LANG_NUMBER);
		parser_want(parser, &right, LANG_NUMBER);
		unit = parser_sum_unit(parser, &left, &right, subtracts);
		is_bare = left.is_bare && right.is_bare;
		left = parser_emit(parser, (struct lang_op){
				.code = subtracts ? LANG_SUBTRACT : LANG_ADD,
				.a = left.op, .b = right.op }, left.at, LANG_NUMBER);
		left.is_bare = is_bare;
		left.unit = unit;
	}
	return left;
}

/* ---- yes and no ---- */

static bool parser_comparison(const struct parser *parser, struct lang_op *op_out, bool *swaps_out)
{
	static const struct {
		int sign;
		enum lang_code code;
		bool swaps;
	} all[] = {
		{ '<', LANG_LESS, false }, { '>', LANG_LESS, true },
		{ SIGN2('<', '='), LANG_LESS_EQUAL, false },
		{ SIGN2('>', '='), LANG_LESS_EQUAL, true },
		{ SIGN2('=', '='), LANG_EQUAL, false }, { SIGN2('!', '='), LANG_NOT_EQUAL, false },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (parser_is_sign(parser, all[i].sign)) {
			*op_out = (struct lang_op){ .code = (uint8_t)all[i].code };
			*swaps_out = all[i].swaps;
			return true;
		}
	}
	return false;
}

static struct node parse_compare(struct parser *parser)
{
	struct node left = parse_sum(parser), right;
	struct lang_op op, another;
	bool swaps;

	if (!parser_comparison(parser, &op, &swaps)) {
		return left;
	}
	parser_step(parser);
	right = parse_sum(parser);
	if (op.code == LANG_EQUAL || op.code == LANG_NOT_EQUAL) {
		parser_want(parser, &left, right.type);
		parser_want(parser, &right, left.type);
	} else {
		parser_want(parser, &left, LANG_NUMBER);
		parser_want(parser, &right, LANG_NUMBER);
	}
	if (left.type != LANG_BOOL) {
		(void)parser_unify(parser, &left, &right);
	}
	op.a = swaps ? right.op : left.op;
	op.b = swaps ? left.op : right.op;
	left = parser_emit(parser, op, left.at, LANG_BOOL);
	if (parser_comparison(parser, &another, &swaps)) {
		parser_fail(parser, parser->token.at,
			    "one comparison follows another; join two by 'and'");
	}
	return left;
}

static struct node parse_held(struct parser *parser)
{
	struct node node = parse_compare(parser);
	struct lang_op op = { .code = LANG_FOR, .a = node.op };

	if (!parser_is_word(parser, "for")) {
		return node;
	}
	parser_want(parser, &node, LANG_BOOL);
	parser_step(parser);
	op.span = parser_duration(parser);
	return parser_emit(parser, op, node.at, LANG_BOOL);
}

static struct node parse_not(struct parser *parser)
{
	size_t at = parser->token.at;
	unsigned count = 0;
	struct node node;

	while (parser_is_word(parser, "not")) {
		parser_step(parser);
		count++;
	}
	node = parse_held(parser);
	if (count > 0) {
		parser_want(parser, &node, LANG_BOOL);
	}
	if (count % 2 == 1) {
		node = parser_emit(parser, (struct lang_op){ .code = LANG_NOT, .a = node.op }, at,
				   LANG_BOOL);
	}
	return node;
}

static struct node parse_and(struct parser *parser)
{
	struct node left = parse_not(parser);

	while (parser_is_word(parser, "and")) {
		struct node right;

		parser_step(parser);
		right = parse_not(parser);
		parser_want(parser, &left, LANG_BOOL);
		parser_want(parser, &right, LANG_BOOL);
		left = parser_emit(parser, (struct lang_op){ .code = LANG_AND, .a = left.op,
							     .b = right.op }, left.at, LANG_BOOL);
	}
	return left;
}

static struct node parse_or(struct parser *parser)
{
	struct node left = parse_and(parser);

	while (parser_is_word(parser, "or")) {
		struct node right;

		parser_step(parser);
		right = parse_and(parser);
		parser_want(parser, &left, LANG_BOOL);
		parser_want(parser, &right, LANG_BOOL);
		left = parser_emit(parser, (struct lang_op){ .code = LANG_OR, .a = left.op,
							     .b = right.op }, left.at, LANG_BOOL);
	}
	return left;
}

static void parser_word(struct parser *parser, const char *word)
{
	if (!parser_is_word(parser, word)) {
		parser_fail(parser, parser->token.at, "a '%s' is missing here", word);
	}
	parser_step(parser);
}

static struct node parse_if(struct parser *parser)
{
	size_t at = parser->token.at;
	struct node condition, yes, no, node;
	struct unit unit = { 0 };
	bool is_bare;

	parser_step(parser);
	condition = parser_expression(parser);
	parser_want(parser, &condition, LANG_BOOL);
	parser_word(parser, "then");
	yes = parser_expression(parser);
	parser_word(parser, "else");
	no = parser_expression(parser);
	parser_want(parser, &yes, no.type);
	parser_want(parser, &no, yes.type);
	if (yes.type != LANG_BOOL) {
		unit = parser_unify(parser, &yes, &no);
	}
	is_bare = yes.is_bare && no.is_bare;
	node = parser_emit(parser, (struct lang_op){ .code = LANG_IF, .a = condition.op,
						     .b = yes.op, .c = no.op }, at, yes.type);
	node.unit = unit;
	node.is_bare = is_bare;
	return node;
}

struct node parser_expression(struct parser *parser)
{
	struct node node = { .at = parser->token.at };

	if (parser->depth == LANG_DEPTH_MAX) {
		parser_fail(parser, parser->token.at, "nested deeper than %d levels",
			    LANG_DEPTH_MAX);
		return node;
	}
	parser->depth++;
	node = parser_is_word(parser, "if") ? parse_if(parser) : parse_or(parser);
	parser->depth--;
	return node;
}
