/* SPDX-License-Identifier: Apache-2.0 */
/* What the files share that serve a server's requests: requests.c, changes.c. */
#ifndef MODULES_LWM2M_REQUESTS_H
#define MODULES_LWM2M_REQUESTS_H

#include "modules/lwm2m/client.h"
#include "proto/lwm2m/object.h"

/* Answer without a payload. */
void requests_result(struct client *client, uint64_t token, unsigned result);

/* Keys are nobody's business but the bootstrap server's. */
bool requests_is_secret(const struct lwm2m_path *path);

/* The path of a request; false: it was answered. */
bool requests_path(struct client *client, const struct lwm2m_message *request,
		   struct lwm2m_path *path_out);

/* The definition at a path; false: there is none. */
bool requests_defined(const struct lwm2m_path *path, struct lwm2m_resource *resource_out);

/* Whether a path leads anywhere. */
bool requests_is_there(struct client *client, const struct lwm2m_path *path);

/* Write, Execute, Create, Delete: done once, however often it comes. */
void changes_request(struct client *client, const struct lwm2m_message *request, ew_dur now);

#endif
