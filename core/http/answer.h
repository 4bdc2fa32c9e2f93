/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A response on its way from a handler to the listener: checked and copied.
 * Pure; owned by one thread at a time.
 */
#ifndef CORE_HTTP_ANSWER_H
#define CORE_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include <edgeway/http.h>

#define ANSWER_HEADERS_MAX       32
#define ANSWER_HEADER_BYTES_MAX  8192

struct answer {
	int status;                     /* 0: there is none */
	char *store;                    /* behind the header texts */
	struct ew_http_header headers[ANSWER_HEADERS_MAX];
	size_t header_count;
	char *body;                     /* malloc, or static */
	size_t body_size;
	bool body_is_static;
};

/* Copy a response. -EINVAL it makes no sense; -ENOMEM. */
int answer_copy(const struct ew_http_response *response, bool with_body,
		struct answer *answer_out) EW_CHECKED;

/* {"error": text}. On -ENOMEM the answer is the status without a body. */
void answer_error(int status, const char *text, struct answer *answer_out);

/* A text, as text/plain. As answer_error() without memory. */
void answer_text(int status, const char *text, struct answer *answer_out);

/* Add a header to an answer_error() or answer_text(); both texts constant. */
void answer_add_header(struct answer *answer, const char *name, const char *value);

void answer_fini(struct answer *answer);

#endif
