/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages are made on first use and stay where they are. The array of page
 * pointers is mapped whole; what is not touched takes no memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/check.h"
#include "core/bus/page.h"

#define PAGES_BYTES  (PAGE_COUNT * sizeof(_Atomic(void *)))

int page_table_init(struct page_table *table, size_t cell_size)
{
	void *pages = mmap(NULL, PAGES_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(cell_size > 0);
	if (pages == MAP_FAILED) {
		return -ENOMEM;
	}
	table->cell_size = cell_size;
	table->pages = pages;
	return 0;
}

void page_table_fini(struct page_table *table)
{
	if (table->pages == NULL) {
		return;
	}
	for (size_t i = 0; i < PAGE_COUNT; i++) {
		free(atomic_load_explicit(&table->pages[i], memory_order_relaxed));
	}
	/* the qualifier is of the pointers in it, not of the mapping */
	(void)munmap((void *)(uintptr_t)table->pages, PAGES_BYTES);
	table->pages = NULL;
}

void *page_table_make(struct page_table *table, uint32_t id)
{
	size_t bytes = PAGE_CELLS * table->cell_size;
	void *cell = page_table_find(table, id);
	void *page;

	if (cell != NULL || id >= PAGE_IDS_MAX) {
		return cell;
	}
	page = aligned_alloc(64, bytes);
	if (page == NULL) {
		return NULL;
	}
	memset(page, 0, bytes);
	atomic_store_explicit(&table->pages[id / PAGE_CELLS], page, memory_order_release);
	return page_table_find(table, id);
}
