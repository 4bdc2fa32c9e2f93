/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables indexed by id, in pages that never move: readers on other threads
 * need no lock to reach a cell. One writer grows a table.
 */
#ifndef CORE_BUS_PAGE_H
#define CORE_BUS_PAGE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_CELLS   1024u      /* cells of one page */
#define PAGE_COUNT   4096u      /* pages of one table: 4 M ids */
#define PAGE_IDS_MAX (PAGE_CELLS * PAGE_COUNT)
#define PAGE_NONE    (UINT32_MAX - PAGE_CELLS + 1)      /* first id of a page with no cell */

struct page_table {
	size_t cell_size;
	_Atomic(void *) *pages;         /* PAGE_COUNT of them; the array is mapped on first use */
};

/* Pages are aligned to 64 bytes, cells as far as their size lets them. -ENOMEM. */
int page_table_init(struct page_table *table, size_t cell_size);
void page_table_fini(struct page_table *table);

/* The cell of id, zeroed when new. NULL: -ENOMEM or id out of range. Writer only. */
void *page_table_make(struct page_table *table, uint32_t id);

/* The cell of id; NULL when its page was never made. Any thread. */
static inline void *page_table_find(const struct page_table *table, uint32_t id)
{
	char *page;

	if (id >= PAGE_IDS_MAX) {
		return NULL;
	}
	page = atomic_load_explicit(&table->pages[id / PAGE_CELLS], memory_order_acquire);
	return page == NULL ? NULL : page + id % PAGE_CELLS * table->cell_size;
}

#endif
