/* SPDX-License-Identifier: Apache-2.0 */
/* The page: see table.h. Widths are counted in characters of UTF-8, not in bytes. */
#include "modules/console/table.h"

#include <string.h>

enum { DEVICE, TAG, VALUE, UNIT, QUALITY, AGE, STATE, COLUMN_COUNT };

static const struct {
	const char *head;
	size_t least;   /* what a narrow screen may cut it to */
	bool right;     /* aligned */
} columns[COLUMN_COUNT] = {
	[DEVICE] = {"DEVICE", 8, false},
	[TAG] = {"TAG", 10, false},
	[VALUE] = {"VALUE", 8, true},
	[UNIT] = {"UNIT", 4, false},
	[QUALITY] = {"QUALITY", 7, false},
	[AGE] = {"AGE", 4, true},
	[STATE] = {"STATE", 5, false},
};

#define GAP 2 /* blanks between columns */

static size_t table_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++) {
		width += ((unsigned char)*text & 0xc0) != 0x80 ? 1 : 0;
	}
	return width;
}

static const char *table_cell(const struct table_row *row, size_t column)
{
	switch (column) {
	case DEVICE:
		return row->device;
	case TAG:
		return row->tag;
	case VALUE:
		return row->has_value ? row->value : "-";
	case UNIT:
		return row->unit != NULL ? row->unit : "";
	case QUALITY:
		if (!row->has_value) {
			return "";
		}
		return EW_QUALITY_CLASS(row->quality) == EW_GOOD ||
		    ew_reason_name(row->quality)[0] == '\0' ?
		    ew_quality_name(row->quality) : ew_reason_name(row->quality);
	case AGE:
		return row->has_value ? row->age : "";
	case STATE:
		return ew_state_name(row->state);
	default:
		return "";
	}
}

static size_t table_total(const size_t widths[COLUMN_COUNT])
{
	size_t total = GAP * (COLUMN_COUNT - 1);

	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		total += widths[i];
	}
	return total;
}

/* As wide as the longest cell; then the widest column that may shrink gives, one by one. */
static void table_measure(const struct table_page *page, const struct table_row *rows,
			  size_t count, size_t widths[COLUMN_COUNT])
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		widths[i] = table_width(columns[i].head);
		for (size_t row = 0; row < count; row++) {
			size_t width = table_width(table_cell(&rows[row], i));

			widths[i] = width > widths[i] ? width : widths[i];
		}
	}
	while (table_total(widths) > page->width) {
		size_t widest = COLUMN_COUNT;

		for (size_t i = 0; i < COLUMN_COUNT; i++) {
			if (widths[i] > columns[i].least &&
			    (widest == COLUMN_COUNT || widths[i] > widths[widest])) {
				widest = i;
			}
		}
		if (widest == COLUMN_COUNT) {
			break;
		}
		widths[widest]--;
	}
}

static void table_blanks(struct text *text, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		text_put(text, " ");
	}
}

/* At most width characters; what is cut ends with a tilde. */
static void table_clip(struct text *text, const char *cell, size_t width)
{
	size_t all = table_width(cell), shown = 0;
	size_t keep = all <= width ? all : width == 0 ? 0 : width - 1;
	const char *end = cell;

	while (*end != '\0' && (shown < keep || ((unsigned char)*end & 0xc0) == 0x80)) {
		end++;
		shown += ((unsigned char)*end & 0xc0) != 0x80 ? 1 : 0;
	}
	text_add(text, cell, (size_t)(end - cell));
	if (keep < all && width > 0) {
		text_put(text, "~");
	}
}

static void table_pad(struct text *text, const char *cell, size_t width, bool right)
{
	size_t all = table_width(cell);
	size_t blanks = all < width ? width - all : 0;

	table_blanks(text, right ? blanks : 0);
	table_clip(text, cell, width);
	table_blanks(text, right ? 0 : blanks);
}

static void table_end_line(struct text *text, const struct table_page *page)
{
	/* no blanks at the end; a terminal forgets what stood there before */
	while (text->size > 0 && text->at[text->size - 1] == ' ') {
		text->size--;
	}
	text_put(text, page->terminal ? "\033[K\n" : "\n");
}

static void table_row(struct text *text, const struct table_page *page,
		      const size_t widths[COLUMN_COUNT], const struct table_row *row)
{
	bool doubtful = row->has_value && EW_QUALITY_CLASS(row->quality) != EW_GOOD;
	bool marked = page->terminal && (doubtful || row->state != EW_DEVICE_UP);

	text_put(text, marked ? "\033[31m" : "");
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		table_blanks(text, i > 0 ? GAP : 0);
		table_pad(text, table_cell(row, i), widths[i], columns[i].right);
	}
	text_put(text, marked ? "\033[0m" : "");
	table_end_line(text, page);
}

void table_draw(struct text *text, const struct table_page *page, const struct table_row *rows,
		size_t count)
{
	size_t widths[COLUMN_COUNT];
	size_t shown = count;

	/* title, heads, and a line that says what is not shown */
	if (page->height > 0 && count + 3 > page->height) {
		shown = page->height > 4 ? page->height - 4 : 0;
	}
	table_measure(page, rows, shown, widths);
	table_clip(text, page->title, page->width);
	table_end_line(text, page);
	text_put(text, page->terminal ? "\033[1m" : "");
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		table_blanks(text, i > 0 ? GAP : 0);
		table_pad(text, columns[i].head, widths[i], columns[i].right);
	}
	text_put(text, page->terminal ? "\033[0m" : "");
	table_end_line(text, page);
	for (size_t i = 0; i < shown; i++) {
		table_row(text, page, widths, &rows[i]);
	}
	if (shown < count) {
		text_printf(text, "... and %zu more", count - shown);
		table_end_line(text, page);
	}
}
