/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journals of an instance: logs of core/store in folders of its own. What it
 * leaves open is closed after close(). Arguments were checked by the caller, but
 * for the name. Instance's loop.
 */
#ifndef CORE_MODULE_JOURNAL_H
#define CORE_MODULE_JOURNAL_H

#include <edgeway/journal.h>

#include "core/store/store.h"

/* Errors as ew_journal_open(). */
int journal_open(struct ew_instance *inst, const struct ew_journal_config *config,
		 struct ew_journal **journal_out);
void journal_close(struct ew_journal **journal);
void journal_close_all(struct ew_instance *inst);

/* Errors as ew_journal_append(). */
int journal_append(struct ew_journal *journal, const struct store_entry *entry,
		   uint64_t *number_out);
struct store *journal_store(const struct ew_journal *journal);

int journal_reader_open(struct ew_journal *journal, uint64_t after,
			struct ew_journal_reader **reader_out);
int journal_reader_next(struct ew_journal_reader *reader, struct ew_journal_entry *entry_out);
void journal_reader_close(struct ew_journal_reader **reader);

/* Whose it is; aborts when the handle is damaged. */
struct ew_instance *journal_owner(const struct ew_journal *journal);
struct ew_instance *journal_reader_owner(const struct ew_journal_reader *reader);

#endif
