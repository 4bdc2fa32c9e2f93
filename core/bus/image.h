/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image: the last sample of every tag, readable from any thread.
 *
 * A slot is a latch of two copies: the writer fills the one that is old, then
 * flips. A reader never waits for a writer that was interrupted; it tries
 * again only when a write was finished while it read. All words are atomic.
 * Each slot has one writer: its tag's publisher.
 */
#ifndef CORE_BUS_IMAGE_H
#define CORE_BUS_IMAGE_H

#include "core/bus/page.h"

#include <edgeway/sample.h>

/* Two copies of a text: allocated when a text or bytes tag is declared. */
struct image_cell {
	struct image_cell *outgrown;    /* what it replaced */
	uint32_t capacity;              /* words of each copy */
	_Atomic uint64_t words[];
};

struct image_slot {
	_Atomic uint64_t mark;          /* batch << 16 | writes; bit 0: the new copy; 0: empty */
	_Atomic uint32_t meta[2];       /* quality | type << 16 | flags << 24 */
	struct {
		_Atomic uint64_t time;
		_Atomic uint64_t raw;   /* the value; of text its size */
	} copies[2];
};

/* no more: a publisher with many tags lives on what its cache holds of the image */
_Static_assert(sizeof(struct image_slot) == 48, "a slot has no padding");

struct image {
	struct page_table slots;        /* struct image_slot */
	struct page_table cells;        /* _Atomic(struct image_cell *) */
};

int image_init(struct image *image);
void image_fini(struct image *image);

/*
 * Make the slot. capacity > 0: room for text of up to that many bytes; a cell
 * is never made smaller, and the one it grows out of stays until image_fini(),
 * for readers that look at it. Writer only. -ENOMEM.
 */
int image_prepare(struct image *image, uint32_t tag, uint32_t capacity);

/* Forget the value. Writer only. */
void image_clear(struct image *image, uint32_t tag);

/*
 * Put the samples of a batch but the historical ones; text fits its cell.
 * number: of the batch, never 0. Writer only.
 */
void image_write(struct image *image, const struct ew_sample *samples, uint32_t count,
		 uint64_t number);

/* The same, faster, where no sample is historical or carries bytes. */
void image_write_plain(struct image *image, const struct ew_sample *samples, uint32_t count,
		       uint64_t number);

/*
 * Get a sample; text is copied to buffer as far as it fits. -ENODATA: never
 * written. *number_out (may be NULL) gets the number of its batch. Any thread.
 */
int image_read(const struct image *image, uint32_t tag, struct ew_sample *sample_out,
	       void *buffer, size_t buffer_size, uint64_t *number_out);

#endif
