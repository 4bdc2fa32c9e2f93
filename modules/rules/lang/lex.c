/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text to tokens. A unit stands directly behind its number, `10s`, `6bar`, or
 * in brackets when it has more than letters, `6[m3/h]`.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/rules/lang/inside.h"

#define NUMBER_MAX  64

static bool token_is_name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static bool token_is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static int token_refuse(struct lang_fault *fault, size_t at, const char *text)
{
	fault->at = at;
	(void)snprintf(fault->text, sizeof(fault->text), "%s", text);
	return -EINVAL;
}

/* [kPa]: at is behind the bracket. */
static int token_unit(const char *text, size_t *at, struct token *token, struct lang_fault *fault)
{
	size_t size = strcspn(text + *at, "]");

	if (text[*at + size] != ']') {
		return token_refuse(fault, *at - 1, "a '[' without its ']'");
	}
	token->unit_at = *at;
	token->unit_size = size;
	*at += size + 1;
	return 0;
}

/* Digits, a point, an exponent: what belongs to the number at `text`. */
static size_t token_number_size(const char *text)
{
	size_t size = strspn(text, "0123456789"), more;

	if (text[size] == '.') {
		size += 1 + strspn(text + size + 1, "0123456789");
	}
	if (text[size] == 'e' || text[size] == 'E') {
		more = size + 1;
		more += text[more] == '-' || text[more] == '+';
		if (isdigit((unsigned char)text[more])) {
			size = more + strspn(text + more, "0123456789");
		}
	}
	return size;
}

static int token_number(const char *text, size_t *at, struct token *token,
			struct lang_fault *fault)
{
	size_t size = token_number_size(text + *at);
	char digits[NUMBER_MAX];

	if (size >= sizeof(digits)) {
		return token_refuse(fault, *at, "a number of more than 63 characters");
	}
	memcpy(digits, text + *at, size);
	digits[size] = '\0';
	token->kind = TOKEN_NUMBER;
	token->number = strtod(digits, NULL);
	if (!isfinite(token->number)) {
		return token_refuse(fault, *at, "a number that is too large");
	}
	*at += size;
	if (text[*at] == '[') {
		*at += 1;
		return token_unit(text, at, token, fault);
	}
	token->unit_at = *at;
	if (text[*at] == '%') {
		token->unit_size = 1;
	} else {
		while (isalnum((unsigned char)text[*at + token->unit_size])) {
			token->unit_size++;
		}
	}
	*at += token->unit_size;
	return 0;
}

static int token_sign(const char *text, size_t *at, struct token *token, struct lang_fault *fault)
{
	static const int pairs[] = {
		SIGN2('<', '='), SIGN2('>', '='), SIGN2('=', '='), SIGN2('!', '='),
	};
	int first = (unsigned char)text[*at];

	token->kind = TOKEN_SIGN;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i] == SIGN2(first, (unsigned char)text[*at + 1])) {
			token->sign = pairs[i];
			*at += 2;
			return 0;
		}
	}
	if (strchr("+-*/<>(),", first) != NULL) {
		token->sign = first;
		*at += 1;
		return 0;
	}
	switch (first) {
	case '=':
		return token_refuse(fault, *at, "'=' is not a comparison; write '=='");
	case '!':
		return token_refuse(fault, *at, "'!' is written 'not'");
	case '&':
		return token_refuse(fault, *at, "'&' is written 'and'");
	case '|':
		return token_refuse(fault, *at, "'|' is written 'or'");
	case '?':
		return token_refuse(fault, *at, "'?' is written 'if ... then ... else ...'");
	default:
		return token_refuse(fault, *at, "a character that means nothing here");
	}
}

int token_next(const char *text, size_t *at, struct token *token_out, struct lang_fault *fault_out)
{
	struct token token = { .kind = TOKEN_END };
	int error = 0;

	*at += strspn(text + *at, " \t\r\n");
	token.at = *at;
	if (isdigit((unsigned char)text[*at]) ||
	    (text[*at] == '.' && isdigit((unsigned char)text[*at + 1]))) {
		error = token_number(text, at, &token, fault_out);
	} else if (token_is_name_start(text[*at])) {
		token.kind = TOKEN_NAME;
		while (token_is_name(text[*at])) {
			*at += 1;
		}
	} else if (text[*at] == '[') {
		token.kind = TOKEN_UNIT;
		*at += 1;
		error = token_unit(text, at, &token, fault_out);
	} else if (text[*at] != '\0') {
		error = token_sign(text, at, &token, fault_out);
	}
	token.size = *at - token.at;
	if (error == 0) {
		*token_out = token;
	}
	return error;
}
