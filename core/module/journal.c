/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal is a log with one owner, the instance. Entries only; what a reader
 * is told of gaps becomes a count in the entry behind them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/module/inside.h"
#include "core/module/journal.h"

#define JOURNAL_MAGIC   0x4a524e4cu
#define READER_MAGIC    0x4a524452u
#define BYTES_DEFAULT   ((uint64_t)64 << 20)
#define SYNC_DEFAULT    (50 * EW_MILLISECOND)
#define BUFFER_BYTES    ((size_t)2 << 20)       /* half of it is more than any batch takes */

struct ew_journal {
	uint32_t magic;
	struct list node;               /* of the instance */
	struct list readers;
	struct ew_instance *inst;
	struct store *store;
	struct store_owner *owner;
};

struct ew_journal_reader {
	uint32_t magic;
	struct list node;               /* of the journal */
	struct ew_journal *journal;
	struct store_reader *reader;
	uint64_t lost;                  /* since the last entry */
};

/* A name becomes a folder: nothing that could lead out of it. */
static bool journal_is_name(const char *name)
{
	size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_");

	return size > 0 && size <= EW_JOURNAL_NAME_MAX && name[size] == '\0';
}

static int journal_open_store(struct ew_journal *journal, const struct ew_journal_config *config)
{
	const char *dir = instance_state_dir(journal->inst);
	struct store_config store = {
		.bytes = config->bytes == 0 ? BYTES_DEFAULT : config->bytes,
		.age = config->age,
		.sync = config->sync == 0 ? SYNC_DEFAULT : config->sync,
		.buffer_bytes = BUFFER_BYTES,
	};
	struct ew_error err = { 0 };
	char *path = NULL;
	int error;

	if (dir == NULL) {
		return -EIO; /* the log has it already */
	}
	if (asprintf(&path, "%s/%s", dir, config->name) < 0) {
		return -ENOMEM;
	}
	store.path = path;
	error = store_open(&store, &journal->store, &err);
	if (error != 0) {
		log_msg(LOG_LEVEL_ERROR, instance_name(journal->inst), "%s", err.text);
	}
	free(path);
	return error != 0 ? error
			  : store_owner_find(journal->store, instance_name(journal->inst),
					     &journal->owner);
}

int journal_open(struct ew_instance *inst, const struct ew_journal_config *config,
		 struct ew_journal **journal_out)
{
	struct ew_journal *journal;
	int error;

	if (!journal_is_name(config->name)) {
		return -EINVAL;
	}
	journal = calloc(1, sizeof(*journal));
	if (journal == NULL) {
		return -ENOMEM;
	}
	journal->magic = JOURNAL_MAGIC;
	journal->inst = inst;
	list_init(&journal->readers);
	list_push(&inst->journals, &journal->node);
	error = journal_open_store(journal, config);
	if (error != 0) {
		journal_close(&journal);
		return error;
	}
	*journal_out = journal;
	return 0;
}

void journal_close(struct ew_journal **journal_at)
{
	struct ew_journal *journal = *journal_at;

	*journal_at = NULL;
	while (!list_is_empty(&journal->readers)) {
		struct ew_journal_reader *reader =
			list_entry(journal->readers.next, struct ew_journal_reader, node);

		journal_reader_close(&reader);
	}
	store_close(&journal->store);
	list_remove(&journal->node);
	journal->magic = 0;
	free(journal);
}

void journal_close_all(struct ew_instance *inst)
{
	while (!list_is_empty(&inst->journals)) {
		struct ew_journal *journal =
			list_entry(inst->journals.next, struct ew_journal, node);

		journal_close(&journal);
	}
}

int journal_append(struct ew_journal *journal, const struct store_entry *entry,
		   uint64_t *number_out)
{
	uint64_t number;
	int error = store_append_entry(journal->store, journal->owner, entry, &number);

	if (error == 0 && number_out != NULL) {
		*number_out = number;
	}
	return error;
}

struct store *journal_store(const struct ew_journal *journal)
{
	return journal->store;
}

int journal_reader_open(struct ew_journal *journal, uint64_t after,
			struct ew_journal_reader **reader_out)
{
	struct ew_journal_reader *reader = calloc(1, sizeof(*reader));
	int error = reader == NULL
			    ? -ENOMEM
			    : store_reader_open(journal->store, after, NULL, &reader->reader);

	if (error != 0) {
		free(reader);
		return error;
	}
	reader->magic = READER_MAGIC;
	reader->journal = journal;
	list_push(&journal->readers, &reader->node);
	*reader_out = reader;
	return 0;
}

void journal_reader_close(struct ew_journal_reader **reader_at)
{
	struct ew_journal_reader *reader = *reader_at;

	*reader_at = NULL;
	store_reader_close(&reader->reader);
	list_remove(&reader->node);
	reader->magic = 0;
	free(reader);
}

int journal_reader_next(struct ew_journal_reader *reader, struct ew_journal_entry *entry_out)
{
	const struct store_item *item;
	int ret;

	while ((ret = store_reader_next(reader->reader, UINT64_MAX, &item)) == 1) {
		if (item->kind == STORE_GAP) {
			reader->lost += item->gap.events;
		}
		if (item->kind != STORE_ENTRY) {
			continue;
		}
		*entry_out = (struct ew_journal_entry){
			.number = item->lsn,
			.time = item->entry.time,
			.key = item->entry.key,
			.bytes = item->entry.bytes,
			.size = item->entry.size,
			.lost = reader->lost,
		};
		reader->lost = 0;
		break;
	}
	return ret;
}

struct ew_instance *journal_owner(const struct ew_journal *journal)
{
	check_obj(journal, JOURNAL_MAGIC);
	return journal->inst;
}

struct ew_instance *journal_reader_owner(const struct ew_journal_reader *reader)
{
	check_obj(reader, READER_MAGIC);
	return reader->journal->inst;
}
