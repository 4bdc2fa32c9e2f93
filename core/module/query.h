/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking an instance: the question travels to its loop, the rows come back to
 * the main loop. Asked and answered on the main thread; answered once, unless
 * it is forgotten before.
 */
#ifndef CORE_MODULE_QUERY_H
#define CORE_MODULE_QUERY_H

#include <stdbool.h>

#include <edgeway/query.h>

#include "core/base/buf.h"

#define QUERY_ANSWER_MAX  ((size_t)512 << 10)   /* bytes of rows */

struct ew_instance;

/* What came back: whole lines of JSON. error: of the module, or of the buffer. */
typedef void (*query_fn)(void *arg, int error, const struct buf *rows);

/*
 * words are copied, at most EW_QUERY_WORDS_MAX. -ENOTSUP: the module takes no
 * questions; -ENOENT: not this one; -ESHUTDOWN: it does not run; -ENOSPC,
 * -ENOMEM.
 */
int query_ask(struct ew_instance *inst, const char *const *words, query_fn done, void *arg,
	      struct ew_query **query_out);

/* The table of its module; NULL: it takes no questions. */
const struct ew_question *query_questions(const struct ew_instance *inst);

/* Is there a row for this first word, which may be NULL? */
bool query_has(const struct ew_question *questions, const char *word);

/* done() will not be called; what comes back is dropped. */
void query_forget(struct ew_query *query);

/* For core/api. */
const char *query_word(const struct ew_query *query, size_t index);
struct buf *query_field(struct ew_query *query);
void query_row(struct ew_query *query);

#endif
