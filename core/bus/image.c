/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing fills the copy that readers do not use and flips bit 0 of the mark.
 * While a reader copies, the other copy may be written; once the mark has
 * moved on, the next write goes to the copy that the reader holds, so a mark
 * that moved means: again. Each word is stored with release and loaded with
 * acquire: a reader that saw a word of a new write sees the flip before it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bus/image.h"

#define WRITES_MASK  0xffffu

static struct image_cell *cell_of(const struct image *image, uint32_t tag)
{
	_Atomic(struct image_cell *) *at =
		(_Atomic(struct image_cell *) *)page_table_find(&image->cells, tag);

	return at == NULL ? NULL : atomic_load_explicit(at, memory_order_acquire);
}

int image_init(struct image *image)
{
	int error = page_table_init(&image->slots, sizeof(struct image_slot));

	if (error != 0) {
		return error;
	}
	error = page_table_init(&image->cells, sizeof(_Atomic(struct image_cell *)));
	if (error != 0) {
		page_table_fini(&image->slots);
	}
	return error;
}

void image_fini(struct image *image)
{
	if (image->cells.pages == NULL) {
		return;
	}
	for (uint32_t page = 0; page < PAGE_COUNT; page++) {
		if (page_table_find(&image->cells, page * PAGE_CELLS) == NULL) {
			continue;
		}
		for (uint32_t i = 0; i < PAGE_CELLS; i++) {
			struct image_cell *cell = cell_of(image, page * PAGE_CELLS + i);

			while (cell != NULL) {
				struct image_cell *outgrown = cell->outgrown;

				free(cell);
				cell = outgrown;
			}
		}
	}
	page_table_fini(&image->slots);
	page_table_fini(&image->cells);
}

int image_prepare(struct image *image, uint32_t tag, uint32_t capacity)
{
	uint32_t words = (capacity + 7) / 8;
	_Atomic(struct image_cell *) *at;
	struct image_cell *cell;
	struct image_cell *old;

	if (page_table_make(&image->slots, tag) == NULL) {
		return -ENOMEM;
	}
	if (capacity == 0) {
		return 0;
	}
	at = page_table_make(&image->cells, tag);
	if (at == NULL) {
		return -ENOMEM;
	}
	old = atomic_load_explicit(at, memory_order_relaxed);
	if (old != NULL && old->capacity >= words) {
		return 0;
	}
	cell = calloc(1, sizeof(*cell) + (size_t)words * 2 * sizeof(cell->words[0]));
	if (cell == NULL) {
		return -ENOMEM;
	}
	cell->capacity = words;
	cell->outgrown = old;
	image_clear(image, tag);
	atomic_store_explicit(at, cell, memory_order_release);
	return 0;
}

void image_clear(struct image *image, uint32_t tag)
{
	struct image_slot *slot = page_table_find(&image->slots, tag);

	if (slot != NULL) {
		atomic_store_explicit(&slot->mark, 0, memory_order_release);
	}
}

static void cell_write(struct image_cell *cell, unsigned copy, const void *text, uint32_t size)
{
	_Atomic uint64_t *words = cell->words + (size_t)copy * cell->capacity;
	const char *from = text;

	check(size <= cell->capacity * 8);
	for (uint32_t done = 0; done < size; done += 8) {
		uint64_t word = 0;

		memcpy(&word, from + done, size - done < 8 ? size - done : 8);
		atomic_store_explicit(words++, word, memory_order_release);
	}
}

static void cell_read(const struct image_cell *cell, unsigned copy, void *buffer, size_t size)
{
	const _Atomic uint64_t *words = cell->words + (size_t)copy * cell->capacity;
	char *to = buffer;

	for (size_t done = 0; done < size; done += 8) {
		uint64_t word = atomic_load_explicit(words++, memory_order_acquire);

		memcpy(to + done, &word, size - done < 8 ? size - done : 8);
	}
}

/* Which copy is old, and the mark that makes it the new one. */
static inline unsigned slot_turn(const struct image_slot *slot, uint64_t number,
				 uint64_t *mark_out)
{
	uint64_t mark = atomic_load_explicit(&slot->mark, memory_order_relaxed);
	uint64_t writes = (mark + 1) & WRITES_MASK;

	*mark_out = number << 16 | writes;
	return writes & 1;
}

static inline void slot_write(struct image_slot *slot, unsigned copy,
			      const struct ew_sample *sample, uint64_t raw)
{
	uint32_t meta = (uint32_t)sample->quality | (uint32_t)sample->type << 16 |
			(uint32_t)sample->flags << 24;

	atomic_store_explicit(&slot->meta[copy], meta, memory_order_release);
	atomic_store_explicit(&slot->copies[copy].time, (uint64_t)sample->time,
			      memory_order_release);
	atomic_store_explicit(&slot->copies[copy].raw, raw, memory_order_release);
}

/* Tags of one publisher mostly share a page. */
struct image_page {
	struct image_slot *slots;
	uint32_t first;         /* id of its first cell */
};

static inline struct image_slot *slot_of(const struct image *image, uint32_t tag,
					 struct image_page *page)
{
	if (tag - page->first >= PAGE_CELLS) {
		page->first = tag / PAGE_CELLS * PAGE_CELLS;
		page->slots = page_table_find(&image->slots, page->first);
	}
	return &page->slots[tag - page->first];
}

void image_write(struct image *image, const struct ew_sample *samples, uint32_t count,
		 uint64_t number)
{
	struct image_page page = { NULL, PAGE_NONE };

	for (uint32_t i = 0; i < count; i++) {
		const struct ew_sample *sample = &samples[i];
		uint64_t raw = sample->v.raw[0];
		struct image_slot *slot;
		uint64_t mark;
		unsigned copy;

		if ((sample->flags & EW_HISTORICAL) != 0) {
			continue;
		}
		slot = slot_of(image, sample->tag, &page);
		copy = slot_turn(slot, number, &mark);
		if (ew_sample_has_bytes(sample)) {
			raw = sample->v.x.size;
			cell_write(cell_of(image, sample->tag), copy, sample->v.x.at,
				   sample->v.x.size);
		}
		slot_write(slot, copy, sample, raw);
		atomic_store_explicit(&slot->mark, mark, memory_order_release);
	}
}

/* On the path of every batch of numbers: what it does not look at, it need not pay for. */
void image_write_plain(struct image *image, const struct ew_sample *samples, uint32_t count,
		       uint64_t number)
{
	const struct ew_sample *end = samples + count;
	struct image_page page = { NULL, PAGE_NONE };

	for (const struct ew_sample *sample = samples; sample < end; sample++) {
		struct image_slot *slot = slot_of(image, sample->tag, &page);
		uint64_t mark;
		unsigned copy = slot_turn(slot, number, &mark);

		slot_write(slot, copy, sample, sample->v.raw[0]);
		atomic_store_explicit(&slot->mark, mark, memory_order_release);
	}
}

/* One attempt; what it read counts only if the mark has not moved. */
static void slot_copy(const struct image *image, const struct image_slot *slot, unsigned copy,
		      struct ew_sample *sample_out, void *buffer, size_t buffer_size)
{
	uint32_t meta = atomic_load_explicit(&slot->meta[copy], memory_order_acquire);

	sample_out->quality = (uint16_t)meta;
	sample_out->type = (uint8_t)(meta >> 16);
	sample_out->flags = (uint8_t)(meta >> 24);
	sample_out->time = (ew_time)atomic_load_explicit(&slot->copies[copy].time,
						    memory_order_acquire);
	sample_out->v.raw[0] = atomic_load_explicit(&slot->copies[copy].raw, memory_order_acquire);
	sample_out->v.raw[1] = 0;
	if (ew_sample_has_bytes(sample_out)) {
		const struct image_cell *cell = cell_of(image, sample_out->tag);
		uint32_t size = (uint32_t)sample_out->v.raw[0];
		size_t fits = size < buffer_size ? size : buffer_size;

		/* a torn size may be larger than the cell */
		if (cell != NULL && fits <= (size_t)cell->capacity * 8) {
			cell_read(cell, copy, buffer, fits);
		}
		sample_out->v.x.at = buffer;
		sample_out->v.x.size = size;
	}
}

int image_read(const struct image *image, uint32_t tag, struct ew_sample *sample_out,
	       void *buffer, size_t buffer_size, uint64_t *number_out)
{
	const struct image_slot *slot = page_table_find(&image->slots, tag);
	struct ew_sample sample = { .tag = tag };
	uint64_t mark, again;

	if (slot == NULL) {
		return -ENODATA;
	}
	do {
		mark = atomic_load_explicit(&slot->mark, memory_order_acquire);
		if (mark == 0) {
			return -ENODATA;
		}
		slot_copy(image, slot, mark & 1, &sample, buffer, buffer_size);
		again = atomic_load_explicit(&slot->mark, memory_order_relaxed);
	} while (mark != again);
	*sample_out = sample;
	if (number_out != NULL) {
		*number_out = mark >> 16;
	}
	return 0;
}
