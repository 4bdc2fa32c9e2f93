/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of units and prefixes, and the arithmetic on powers. A code is first
 * looked for as a whole, then behind a prefix: `min` is a minute, `mm` a
 * millimetre.
 */
#include "modules/rules/lang/unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define POWER_MAX  24

struct unit_atom {
	const char *code;
	bool takes_prefix;
	int8_t powers[UNIT_BASES];
	double factor;
	double offset;
};

/* powers: m g s A K mol cd */
static const struct unit_atom atoms[] = {
	{ "1", false, { 0 }, 1, 0 },
	{ "%", false, { 0 }, 0.01, 0 },
	{ "rad", true, { 0 }, 1, 0 },
	{ "deg", false, { 0 }, 0.017453292519943295, 0 },
	{ "m", true, { 1 }, 1, 0 },
	{ "g", true, { 0, 1 }, 1, 0 },
	{ "t", true, { 0, 1 }, 1e6, 0 },
	{ "s", true, { 0, 0, 1 }, 1, 0 },
	{ "min", false, { 0, 0, 1 }, 60, 0 },
	{ "h", false, { 0, 0, 1 }, 3600, 0 },
	{ "d", false, { 0, 0, 1 }, 86400, 0 },
	{ "A", true, { 0, 0, 0, 1 }, 1, 0 },
	{ "K", true, { 0, 0, 0, 0, 1 }, 1, 0 },
	{ "Cel", false, { 0, 0, 0, 0, 1 }, 1, 273.15 },
	{ "mol", true, { 0, 0, 0, 0, 0, 1 }, 1, 0 },
	{ "cd", true, { 0, 0, 0, 0, 0, 0, 1 }, 1, 0 },
	{ "Hz", true, { 0, 0, -1 }, 1, 0 },
	{ "l", true, { 3 }, 1e-3, 0 },
	{ "L", true, { 3 }, 1e-3, 0 },
	{ "N", true, { 1, 1, -2 }, 1e3, 0 },
	{ "Pa", true, { -1, 1, -2 }, 1e3, 0 },
	{ "bar", true, { -1, 1, -2 }, 1e8, 0 },
	{ "J", true, { 2, 1, -2 }, 1e3, 0 },
	{ "W", true, { 2, 1, -3 }, 1e3, 0 },
	{ "C", true, { 0, 0, 1, 1 }, 1, 0 },
	{ "V", true, { 2, 1, -3, -1 }, 1e3, 0 },
	{ "Ohm", true, { 2, 1, -3, -2 }, 1e3, 0 },
	{ "S", true, { -2, -1, 3, 2 }, 1e-3, 0 },
	{ "F", true, { -2, -1, 4, 2 }, 1e-3, 0 },
	{ "H", true, { 2, 1, -2, -2 }, 1e3, 0 },
	{ "T", true, { 0, 1, -2, -1 }, 1e3, 0 },
	{ "lm", true, { 0, 0, 0, 0, 0, 0, 1 }, 1, 0 },
	{ "lx", true, { -2, 0, 0, 0, 0, 0, 1 }, 1, 0 },
};

static const struct {
	const char *code;
	double factor;
} prefixes[] = {
	{ "da", 1e1 }, { "h", 1e2 }, { "k", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { "T", 1e12 },
	{ "d", 1e-1 }, { "c", 1e-2 }, { "m", 1e-3 }, { "u", 1e-6 }, { "n", 1e-9 },
	{ "p", 1e-12 },
};

static const char *const base_names[UNIT_BASES] = { "m", "g", "s", "A", "K", "mol", "cd" };

struct unit unit_one(void)
{
	return (struct unit){ .is_known = true, .factor = 1 };
}

struct unit unit_second(void)
{
	struct unit unit = unit_one();

	unit.powers[UNIT_SECOND] = 1;
	return unit;
}

static const struct unit_atom *unit_find_atom(const char *text, size_t size)
{
	for (size_t i = 0; i < sizeof(atoms) / sizeof(atoms[0]); i++) {
		if (strlen(atoms[i].code) == size && memcmp(atoms[i].code, text, size) == 0) {
			return &atoms[i];
		}
	}
	return NULL;
}

static struct unit unit_of(const struct unit_atom *atom, double factor)
{
	struct unit unit = { .is_known = true, .factor = atom->factor * factor };

	memcpy(unit.powers, atom->powers, sizeof(unit.powers));
	unit.offset = atom->offset;
	unit.is_point = atom->offset != 0.0;
	return unit;
}

/* A code without exponent, with or without a prefix. */
static int unit_parse_code(const char *text, size_t size, struct unit *unit_out)
{
	const struct unit_atom *atom = unit_find_atom(text, size);

	if (atom != NULL) {
		*unit_out = unit_of(atom, 1);
		return 0;
	}
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t skip = strlen(prefixes[i].code);

		if (size <= skip || memcmp(prefixes[i].code, text, skip) != 0) {
			continue;
		}
		atom = unit_find_atom(text + skip, size - skip);
		if (atom != NULL && atom->takes_prefix) {
			*unit_out = unit_of(atom, prefixes[i].factor);
			return 0;
		}
	}
	return -EINVAL;
}

/* unit^power, |power| small. */
static struct unit unit_raise(const struct unit *unit, int power)
{
	struct unit raised = unit_one();

	for (int i = 0; i < (power < 0 ? -power : power); i++) {
		raised = unit_multiply(&raised, unit, power < 0 ? -1 : 1);
	}
	return raised;
}

/* "m3", "s-1": a code and its exponent. */
static int unit_parse_term(const char *text, size_t size, struct unit *unit_out)
{
	size_t end = size;
	int power = 0, sign = 1;

	while (end > 1 && text[end - 1] >= '0' && text[end - 1] <= '9') {
		end--;
	}
	if (size - end > 1) {
		return -EINVAL;
	}
	if (end < size) {
		power = text[end] - '0';
	} else {
		power = 1;
	}
	if (end < size && end > 1 && text[end - 1] == '-') {
		sign = -1;
		end--;
	}
	if (power == 0 || unit_parse_code(text, end, unit_out) != 0) {
		return -EINVAL;
	}
	if (power * sign != 1) {
		*unit_out = unit_raise(unit_out, power * sign);
	}
	return unit_out->is_known ? 0 : -EINVAL;
}

int unit_parse(const char *text, size_t size, struct unit *unit_out)
{
	struct unit whole = unit_one(), term;
	size_t at = 0, terms = 0;
	int power = 1;

	if (size == 0) {
		return -EINVAL;
	}
	if (text[0] == '/') { /* "/min" */
		power = -1;
		at = 1;
	}
	for (;;) {
		size_t end = at;

		while (end < size && text[end] != '.' && text[end] != '/') {
			end++;
		}
		if (end == at || unit_parse_term(text + at, end - at, &term) != 0) {
			return -EINVAL;
		}
		terms++;
		if (terms == 1 && power == 1 && end == size) {
			*unit_out = term; /* a single one may be a place on a scale */
			return 0;
		}
		whole = unit_multiply(&whole, &term, power);
		if (!whole.is_known) {
			return -EINVAL;
		}
		if (end == size) {
			*unit_out = whole;
			return 0;
		}
		power = text[end] == '/' ? -1 : 1;
		at = end + 1;
	}
}

bool unit_is_alike(const struct unit *a, const struct unit *b)
{
	return memcmp(a->powers, b->powers, sizeof(a->powers)) == 0;
}

bool unit_is_same(const struct unit *a, const struct unit *b)
{
	return unit_is_alike(a, b) && fabs(a->factor - b->factor) <= 1e-9 * fabs(a->factor) &&
	       a->is_point == b->is_point;
}

struct unit unit_multiply(const struct unit *a, const struct unit *b, int power)
{
	struct unit product = { 0 };

	if (!a->is_known || !b->is_known) {
		return product;
	}
	for (size_t i = 0; i < UNIT_BASES; i++) {
		int sum = a->powers[i] + power * b->powers[i];

		if (sum > POWER_MAX || sum < -POWER_MAX) {
			return product;
		}
		product.powers[i] = (int8_t)sum;
	}
	product.factor = power < 0 ? a->factor / b->factor : a->factor * b->factor;
	product.is_known = isfinite(product.factor) && product.factor != 0.0;
	return product;
}

bool unit_root(const struct unit *a, struct unit *unit_out)
{
	struct unit root = *a;

	for (size_t i = 0; i < UNIT_BASES; i++) {
		if (a->powers[i] % 2 != 0) {
			return false;
		}
		root.powers[i] = (int8_t)(a->powers[i] / 2);
	}
	root.factor = sqrt(a->factor);
	root.is_point = false;
	root.offset = 0;
	*unit_out = root;
	return true;
}

struct unit unit_difference(const struct unit *a)
{
	struct unit plain = *a;

	plain.is_point = false;
	plain.offset = 0;
	return plain;
}

void unit_convert(const struct unit *from, const struct unit *to, double *scale_out,
		  double *shift_out)
{
	*scale_out = from->factor / to->factor;
	*shift_out = (from->offset - to->offset) / to->factor;
}

const char *unit_format(const struct unit *unit, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	if (!unit->is_known) {
		(void)snprintf(out, size, "no unit that is known"); /* cut is fine, also below */
		return out;
	}
	for (size_t i = 0; i < sizeof(atoms) / sizeof(atoms[0]); i++) {
		struct unit atom = unit_of(&atoms[i], 1);

		if (unit_is_same(unit, &atom)) {
			(void)snprintf(out, size, "%s", atoms[i].code);
			return out;
		}
	}
	for (size_t i = 0; i < UNIT_BASES && used < size; i++) {
		if (unit->powers[i] == 0) {
			continue;
		}
		used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? "." : "",
					 base_names[i]);
		if (unit->powers[i] != 1 && used < size) {
			used += (size_t)snprintf(out + used, size - used, "%d", unit->powers[i]);
		}
	}
	if (unit->factor != 1.0 && used < size) {
		(void)snprintf(out + used, size - used, "%sx %g", used > 0 ? " " : "",
			       unit->factor);
	}
	return out;
}
