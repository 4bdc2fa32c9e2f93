/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the parser's tables to a program in one piece of memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/rules/lang/inside.h"

/* Room for `bytes` behind what is there, aligned. */
static size_t program_take(size_t *size, size_t bytes)
{
	size_t at = (*size + 7) & ~(size_t)7;

	*size = at + bytes;
	return at;
}

static struct lang_program *program_new(const struct parser *parser)
{
	size_t text = strlen(parser->text) + 1, size = 0;
	size_t base = program_take(&size, sizeof(struct lang_program));
	size_t ops = program_take(&size, parser->op_count * sizeof(struct lang_op));
	size_t terms = program_take(&size, parser->op_count * sizeof(struct lang_term));
	size_t constants = program_take(&size, parser->constant_count * sizeof(double));
	size_t sources = program_take(&size, parser->source_count * sizeof(uint32_t));
	size_t words = program_take(&size, text);
	char *memory = malloc(size);
	struct lang_program *program;

	if (memory == NULL) {
		return NULL;
	}
	memcpy(memory + ops, parser->ops, parser->op_count * sizeof(struct lang_op));
	memcpy(memory + terms, parser->terms, parser->op_count * sizeof(struct lang_term));
	memcpy(memory + constants, parser->constants, parser->constant_count * sizeof(double));
	memcpy(memory + sources, parser->sources, parser->source_count * sizeof(uint32_t));
	memcpy(memory + words, parser->text, text);
	program = (struct lang_program *)(memory + base);
	*program = (struct lang_program){
		.count = parser->op_count,
		.source_count = parser->source_count,
		.state_size = parser->state_size,
		.size = size,
		.is_constant = parser->is_constant,
		.ops = (const struct lang_op *)(memory + ops),
		.terms = (const struct lang_term *)(memory + terms),
		.constants = (const double *)(memory + constants),
		.sources = (const uint32_t *)(memory + sources),
		.text = memory + words,
	};
	return program;
}

int lang_compile(const struct lang_scope *scope, const char *text, struct lang_fault *fault_out,
		 struct lang_program **program_out)
{
	struct parser *parser;
	struct node node;
	int error;

	*fault_out = (struct lang_fault){ 0 };
	if (strlen(text) > LANG_TEXT_MAX) {
		(void)snprintf(fault_out->text, sizeof(fault_out->text),
			       "an expression of more than %d bytes", LANG_TEXT_MAX);
		return -EINVAL;
	}
	parser = calloc(1, sizeof(*parser));
	if (parser == NULL) {
		return -ENOMEM;
	}
	parser->scope = scope;
	parser->text = text;
	parser->fault = fault_out;
	parser->is_constant = true;
	parser_step(parser);
	node = parser_expression(parser);
	if (parser->error == 0 && parser->token.kind != TOKEN_END) {
		parser_fail(parser, parser->token.at, "the expression should end here");
	}
	error = parser->error;
	if (error == 0) {
		struct lang_program *program = program_new(parser);

		error = program == NULL ? -ENOMEM : 0;
		if (error == 0) {
			program->type = node.type;
			program->unit = node.unit;
			*program_out = program;
		}
	}
	free(parser);
	return error;
}

void lang_free(struct lang_program **program)
{
	free(*program);
	*program = NULL;
}
