/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A question goes in by the door that a module's own threads use, and comes
 * back with the reports to the main loop.
 */
#include "core/module/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/module/handle.h"
#include "core/module/inside.h"

struct ew_query {
	struct post post;
	struct ew_instance *inst;
	const struct ew_question *question;
	char *words[EW_QUERY_WORDS_MAX + 1];    /* ended by NULL */
	struct buf rows;
	bool has_row;                   /* one is begun */
	int result;
	query_fn done;                  /* main thread; NULL: forgotten */
	void *arg;
};

static void query_free(struct ew_query *query)
{
	for (size_t i = 0; query->words[i] != NULL; i++) {
		free(query->words[i]);
	}
	buf_fini(&query->rows);
	free(query);
}

/* ---- on the loop ---- */

const char *query_word(const struct ew_query *query, size_t index)
{
	return index < EW_QUERY_WORDS_MAX ? query->words[index] : NULL;
}

struct buf *query_field(struct ew_query *query)
{
	if (!query->has_row) {
		query->has_row = true;
		json_begin(&query->rows);
	}
	return &query->rows;
}

void query_row(struct ew_query *query)
{
	if (query->has_row) {
		query->has_row = false;
		json_end(&query->rows);
		buf_add_byte(&query->rows, '\n');
	}
}

/* Main thread. */
static void query_return(struct post *post)
{
	struct ew_query *query = container_of(post, struct ew_query, post);

	if (query->done != NULL) {
		query->done(query->arg, query->rows.fault != 0 ? -EMSGSIZE : query->result,
			    &query->rows);
	}
	query_free(query);
}

static void query_drop(struct post *post)
{
	query_free(container_of(post, struct ew_query, post));
}

static void query_run(void *self, void *arg)
{
	struct ew_query *query = arg;

	query->result = query->question->answer(self, query);
	query_row(query);
	query->post = (struct post){ .run = query_return, .drop = query_drop };
	if (post_push_always(&query->inst->fleet->reports, &query->post) != 0) {
		query_free(query);
	}
}

/* ---- on the main thread ---- */

/* The row for this first word, which may be NULL; or NULL. */
static const struct ew_question *query_find(const struct ew_question *questions, const char *word)
{
	const struct ew_question *other = NULL;

	for (; questions->answer != NULL; questions++) {
		if (questions->word == NULL) {
			other = word == NULL || questions->arguments != NULL ? questions : NULL;
		} else if (word != NULL && strcmp(questions->word, word) == 0) {
			return questions;
		}
	}
	return other;
}

const struct ew_question *query_questions(const struct ew_instance *inst)
{
	return inst->module->what.questions;
}

bool query_has(const struct ew_question *questions, const char *word)
{
	return query_find(questions, word) != NULL;
}

int query_ask(struct ew_instance *inst, const char *const *words, query_fn done, void *arg,
	      struct ew_query **query_out)
{
	const struct ew_question *question;
	struct ew_query *query;
	int error = 0;

	if (inst->module->what.questions == NULL) {
		return -ENOTSUP;
	}
	question = query_find(inst->module->what.questions, words[0]);
	if (question == NULL) {
		return -ENOENT;
	}
	if (instance_state(inst) != INSTANCE_RUNNING) {
		return -ESHUTDOWN;
	}
	query = calloc(1, sizeof(*query));
	if (query == NULL) {
		return -ENOMEM;
	}
	query->inst = inst;
	query->question = question;
	query->done = done;
	query->arg = arg;
	buf_init(&query->rows, QUERY_ANSWER_MAX);
	for (size_t i = 0; i < EW_QUERY_WORDS_MAX && words[i] != NULL; i++) {
		query->words[i] = strdup(words[i]);
		error = query->words[i] == NULL ? -ENOMEM : error;
	}
	if (error == 0) {
		error = handle_post(inst, "query", query_run, query);
	}
	if (error != 0) {
		query_free(query);
		return error;
	}
	*query_out = query;
	return 0;
}

void query_forget(struct ew_query *query)
{
	query->done = NULL;
}
