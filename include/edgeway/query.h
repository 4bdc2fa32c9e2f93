/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions that an operator asks an instance: `edgewayctl ask control pump`,
 * or `edgewayctl control pump`. What they are about is the module's affair; it
 * answers with rows, which are shown as a table, or as JSON. What it may be
 * asked is said by a table, which `edgewayctl ask NAME help` and
 * `edgewayd --describe MODULE` show.
 */
#ifndef EDGEWAY_QUERY_H
#define EDGEWAY_QUERY_H

#include <edgeway/base.h>

EW_BEGIN_DECLS

#define EW_QUERY_WORDS_MAX  8

struct ew_query;

/*
 * One question. word is the first word of what was asked, [a-z][a-z0-9_]*; NULL
 * takes no word at all and, with arguments, what no other row has. Frozen.
 */
struct ew_question {
	const char *word;
	const char *arguments;          /* what may follow: "[DEVICE]"; NULL: nothing */
	const char *summary;            /* one line: what the answer tells */

	/*
	 * Answer with rows, at once. Returns 0, or a negative errno where the
	 * words say nothing to this module. Thread: instance.
	 */
	int (*answer)(void *self, struct ew_query *query);
};

#define EW_QUESTION_END  { NULL, NULL, NULL, NULL }

/*
 * A word of the question, from 0 on.
 *
 * Thread:  instance, in answer()
 * Owner:   borrowed until answer() returns
 * Errors:  NULL: there are not that many
 */
EW_API const char *ew_query_word(const struct ew_query *query, size_t index);

/*
 * Add a field to the row. All rows of one answer should have the same keys: of
 * the first one the table is made.
 *
 * Thread:  instance, in answer()
 * Owner:   key and text copied; text may be NULL
 * Errors:  none; an answer of more than 512 KiB is told as too long
 */
EW_API void ew_query_text(struct ew_query *query, const char *key, const char *text);
EW_API void ew_query_number(struct ew_query *query, const char *key, double value);
EW_API void ew_query_bool(struct ew_query *query, const char *key, bool value);

/*
 * End the row.
 *
 * Thread:  instance, in answer()
 * Owner:   nothing
 * Errors:  none; a row without fields is left out
 */
EW_API void ew_query_row(struct ew_query *query);

EW_END_DECLS

#endif
