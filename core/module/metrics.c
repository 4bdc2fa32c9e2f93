/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells are relaxed atomics. Values are doubles kept as their bits, so adding
 * is a compare-and-swap. A histogram's sum and its buckets may be a moment
 * apart when they are shown.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/module/metrics.h"

struct metric_cell {
	_Atomic uint64_t bits;          /* of the value, or of a histogram's sum */
	_Atomic uint64_t *buckets;      /* bound_count + 1; NULL: no histogram */
};

/* Tables and sources, those of one prefix side by side, and their lock. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list registry_tables = { &registry_tables, &registry_tables };
static struct list registry_sources = { &registry_sources, &registry_sources };

static double from_bits(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static uint64_t to_bits(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static size_t count_buckets(const struct ew_metric *rows, unsigned count)
{
	size_t buckets = 0;

	for (unsigned i = 0; i < count; i++) {
		buckets += rows[i].kind == EW_HISTOGRAM ? rows[i].bound_count + 1 : 0;
	}
	return buckets;
}

static int copy_labels(struct metric_table *table, const struct ew_label_pair *labels,
		       size_t count)
{
	check(count <= METRIC_LABELS_MAX);
	for (size_t i = 0; i < count; i++) {
		table->texts[2 * i] = strdup(labels[i].name);
		table->texts[2 * i + 1] = strdup(labels[i].value);
		if (table->texts[2 * i] == NULL || table->texts[2 * i + 1] == NULL) {
			return -ENOMEM;
		}
		table->labels[i].name = table->texts[2 * i];
		table->labels[i].value = table->texts[2 * i + 1];
		table->label_count++;
	}
	return 0;
}

static int make_cells(struct metric_table *table)
{
	size_t buckets = count_buckets(table->rows, table->count);
	_Atomic uint64_t *next;

	table->cells = calloc(table->count + 1, sizeof(*table->cells));
	table->buckets = calloc(buckets + 1, sizeof(*table->buckets));
	if (table->cells == NULL || table->buckets == NULL) {
		return -ENOMEM;
	}
	next = table->buckets;
	for (unsigned i = 0; i < table->count; i++) {
		if (table->rows[i].kind == EW_HISTOGRAM) {
			table->cells[i].buckets = next;
			next += table->rows[i].bound_count + 1;
		}
	}
	return 0;
}

/* Behind the last one of the same prefix and rows; else at the end. */
static void register_table(struct metric_table *table)
{
	struct list *place = &registry_tables;
	struct list *node;

	(void)pthread_mutex_lock(&registry_lock);
	list_for_each(node, &registry_tables) {
		const struct metric_table *other = list_entry(node, struct metric_table, node);

		if (other->rows == table->rows && strcmp(other->prefix, table->prefix) == 0) {
			place = node->next;
		}
	}
	list_insert(place, &table->node);
	(void)pthread_mutex_unlock(&registry_lock);
}

int metric_table_new(const char *prefix, const struct ew_metric *rows, unsigned count,
		     const struct ew_label_pair *labels, size_t label_count,
		     struct metric_table **table_out)
{
	struct metric_table *table = calloc(1, sizeof(*table));
	int error;

	if (table == NULL) {
		return -ENOMEM;
	}
	list_init(&table->node);
	table->rows = rows;
	table->count = count;
	table->prefix = strdup(prefix);
	error = table->prefix == NULL ? -ENOMEM : copy_labels(table, labels, label_count);
	if (error == 0) {
		error = make_cells(table);
	}
	if (error != 0) {
		metric_table_free(&table);
		return error;
	}
	register_table(table);
	*table_out = table;
	return 0;
}

void metric_table_free(struct metric_table **table_at)
{
	struct metric_table *table = *table_at;

	if (table == NULL) {
		return;
	}
	*table_at = NULL;
	(void)pthread_mutex_lock(&registry_lock);
	list_remove(&table->node);
	(void)pthread_mutex_unlock(&registry_lock);
	for (size_t i = 0; i < array_count(table->texts); i++) {
		free(table->texts[i]);
	}
	free(table->cells);
	free(table->buckets);
	free(table->prefix);
	free(table);
}

static void add(_Atomic uint64_t *bits, double value)
{
	uint64_t old = atomic_load_explicit(bits, memory_order_relaxed);

	while (!atomic_compare_exchange_weak_explicit(bits, &old, to_bits(from_bits(old) + value),
						      memory_order_relaxed,
						      memory_order_relaxed)) {
	}
}

void metric_add(struct metric_table *table, unsigned index, double value)
{
	add(&table->cells[index].bits, value);
}

void metric_set(struct metric_table *table, unsigned index, double value)
{
	atomic_store_explicit(&table->cells[index].bits, to_bits(value), memory_order_relaxed);
}

void metric_observe(struct metric_table *table, unsigned index, double value)
{
	const struct ew_metric *row = &table->rows[index];
	size_t bucket = 0;

	if (row->kind != EW_HISTOGRAM) {
		return;
	}
	while (bucket < row->bound_count && value > row->bounds[bucket]) {
		bucket++;
	}
	atomic_fetch_add_explicit(&table->cells[index].buckets[bucket], 1, memory_order_relaxed);
	add(&table->cells[index].bits, value);
}

double metric_value(const struct metric_table *table, unsigned index)
{
	const struct ew_metric *row = &table->rows[index];
	const struct metric_cell *cell = &table->cells[index];
	uint64_t count = 0;

	if (row->kind != EW_HISTOGRAM) {
		return from_bits(atomic_load_explicit(&cell->bits, memory_order_relaxed));
	}
	for (size_t i = 0; i <= row->bound_count; i++) {
		count += atomic_load_explicit(&cell->buckets[i], memory_order_relaxed);
	}
	return (double)count;
}

void metric_source_add(struct metric_source *source)
{
	(void)pthread_mutex_lock(&registry_lock);
	list_push(&registry_sources, &source->node);
	(void)pthread_mutex_unlock(&registry_lock);
}

void metric_source_remove(struct metric_source *source)
{
	if (source->node.next == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&registry_lock);
	list_remove(&source->node);
	(void)pthread_mutex_unlock(&registry_lock);
}

/* ---- showing ---- */

struct show {
	int (*fn)(void *arg, const struct ew_metric_series *series);
	void *arg;
	struct ew_metric_series series;
	char name[160];
};

static void show_row(struct show *show, const char *prefix, const struct ew_metric *row)
{
	(void)snprintf(show->name, sizeof(show->name), "%s_%s", prefix, row->name);
	show->series = (struct ew_metric_series){
		.name = show->name,
		.kind = row->kind,
		.unit = row->unit,
		.help = row->help,
	};
}

static int show_cell(struct show *show, const struct metric_table *table, unsigned index)
{
	const struct ew_metric *row = &table->rows[index];
	const struct metric_cell *cell = &table->cells[index];
	double value = from_bits(atomic_load_explicit(&cell->bits, memory_order_relaxed));
	uint64_t counts[EW_METRIC_BOUNDS_MAX + 1];

	show->series.labels = table->labels;
	show->series.label_count = table->label_count;
	if (row->kind != EW_HISTOGRAM) {
		show->series.value = value;
		return show->fn(show->arg, &show->series);
	}
	for (size_t i = 0; i <= row->bound_count; i++) {
		counts[i] = atomic_load_explicit(&cell->buckets[i], memory_order_relaxed);
	}
	show->series.bounds = row->bounds;
	show->series.bound_count = row->bound_count;
	show->series.counts = counts;
	show->series.sum = value;
	return show->fn(show->arg, &show->series);
}

static bool is_same_family(const struct metric_table *a, const struct metric_table *b)
{
	return a->rows == b->rows && strcmp(a->prefix, b->prefix) == 0;
}

/* All tables of one family stand side by side: show them row by row. */
static int show_family(struct show *show, struct list *first, struct list **after_out)
{
	const struct metric_table *family = list_entry(first, struct metric_table, node);
	struct list *node = first;
	int result = 0;

	for (unsigned i = 0; i < family->count && result == 0; i++) {
		show_row(show, family->prefix, &family->rows[i]);
		for (node = first; node != &registry_tables && result == 0; node = node->next) {
			const struct metric_table *table;

			table = list_entry(node, struct metric_table, node);
			if (!is_same_family(table, family)) {
				break;
			}
			result = show_cell(show, table, i);
		}
	}
	*after_out = family->count == 0 ? first->next : node;
	return result;
}

static int show_value(void *arg, const struct ew_label_pair *labels, size_t label_count,
		      double value)
{
	struct show *show = arg;

	show->series.labels = labels;
	show->series.label_count = label_count;
	show->series.value = value;
	return show->fn(show->arg, &show->series);
}

static int show_source(struct show *show, const struct metric_source *source)
{
	int result = 0;

	for (unsigned i = 0; i < source->count && result == 0; i++) {
		show_row(show, source->prefix, &source->rows[i]);
		result = source->walk(source->arg, i, show_value, show);
	}
	return result;
}

int metrics_walk(int (*fn)(void *arg, const struct ew_metric_series *series), void *arg)
{
	struct show show = { .fn = fn, .arg = arg };
	struct list *node;
	int result = 0;

	(void)pthread_mutex_lock(&registry_lock);
	list_for_each(node, &registry_sources) {
		result = show_source(&show, list_entry(node, struct metric_source, node));
		if (result != 0) {
			break;
		}
	}
	node = registry_tables.next;
	while (node != &registry_tables && result == 0) {
		result = show_family(&show, node, &node);
	}
	(void)pthread_mutex_unlock(&registry_lock);
	return result;
}
