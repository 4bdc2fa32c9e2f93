/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the MQTT transport binding of LwM2M 1.2: message keys,
 * operations, results, topics. All that is known of them by number is here, so
 * that a correction is made in one place. Pure facts, any thread.
 */
#ifndef PROTO_LWM2M_BINDING_H
#define PROTO_LWM2M_BINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the value of a key must be. */
enum lwm2m_key_kind {
	LWM2M_KEY_UINT,
	LWM2M_KEY_NUMBER,       /* integer or float */
	LWM2M_KEY_TEXT,
	LWM2M_KEY_BYTES         /* text is accepted too: a published example has it */
};

/* Keys of a message, ascending: X(name, number, kind, member of struct lwm2m_message) */
#define LWM2M_KEYS(X)                           \
	X(OPERATION, 1, UINT, operation)        \
	X(TOKEN, 2, UINT, token)                \
	X(EP, 3, TEXT, ep)                      \
	X(PCT, 4, UINT, pct)                    \
	X(URI, 5, TEXT, uri)                    \
	X(PATHS, 6, BYTES, paths)               \
	X(PAYLOAD, 7, BYTES, payload)           \
	X(LIFETIME, 8, UINT, lifetime)          \
	X(VERSION, 9, TEXT, version)            \
	X(BINDING, 10, TEXT, binding)           \
	X(SMS, 11, TEXT, sms)                   \
	X(PMIN, 12, UINT, pmin)                 \
	X(PMAX, 13, UINT, pmax)                 \
	X(GT, 14, NUMBER, gt)                   \
	X(ST, 15, NUMBER, st)                   \
	X(EPMIN, 16, UINT, epmin)               \
	X(EPMAX, 17, UINT, epmax)               \
	X(RESULT, 18, UINT, result)             \
	X(CT, 19, UINT, ct)                     \
	X(EDGE, 20, UINT, edge)                 \
	X(HQMAX, 21, UINT, hqmax)               \
	X(DEPTH, 22, UINT, depth)

enum lwm2m_key {
#define LWM2M_KEY_ENUM(name, number, kind, member) LWM2M_KEY_##name = (number),
	LWM2M_KEYS(LWM2M_KEY_ENUM)
#undef LWM2M_KEY_ENUM
};
#define LWM2M_KEY_LAST  LWM2M_KEY_DEPTH

/* `lt` has no number; it is taken under its name, and never sent. */
#define LWM2M_KEY_LT  23

#define LWM2M_HAS(key)  (UINT32_C(1) << LWM2M_KEY_##key)

/* The level of the topic, which tells the two operations 6 apart. */
enum lwm2m_level_name {
	LWM2M_RD = 0,           /* registration, management, reporting */
	LWM2M_BS = 1            /* bootstrap */
};

enum lwm2m_side {
	LWM2M_CLIENT = 0,
	LWM2M_SERVER = 1        /* of a bootstrap operation: the bootstrap server */
};

/* X(name, code, text, level, sender, success) */
#define LWM2M_OPERATIONS(X)                                                             \
	X(BOOTSTRAP_REQUEST, 0, "Bootstrap-Request", BS, CLIENT, 204)                   \
	X(BOOTSTRAP_WRITE, 1, "Bootstrap-Write", BS, SERVER, 204)                       \
	X(BOOTSTRAP_READ, 2, "Bootstrap-Read", BS, SERVER, 205)                         \
	X(BOOTSTRAP_DELETE, 3, "Bootstrap-Delete", BS, SERVER, 202)                     \
	X(BOOTSTRAP_DISCOVER, 4, "Bootstrap-Discover", BS, SERVER, 205)                 \
	X(BOOTSTRAP_FINISH, 5, "Bootstrap-Finish", BS, SERVER, 204)                     \
	X(BOOTSTRAP_PACK, 6, "Bootstrap-Pack-Request", BS, CLIENT, 205)                 \
	X(REGISTER, 6, "Register", RD, CLIENT, 201)                                     \
	X(UPDATE, 7, "Update", RD, CLIENT, 204)                                         \
	X(DEREGISTER, 8, "De-register", RD, CLIENT, 202)                                \
	X(READ, 9, "Read", RD, SERVER, 205)                                             \
	X(READ_COMPOSITE, 10, "Read-Composite", RD, SERVER, 205)                        \
	X(DISCOVER, 11, "Discover", RD, SERVER, 205)                                    \
	X(WRITE_REPLACE, 12, "Write-Replace", RD, SERVER, 204)                          \
	X(WRITE_PARTIAL, 13, "Write-Partial-Update", RD, SERVER, 204)                   \
	X(WRITE_ATTRIBUTES, 14, "Write-Attributes", RD, SERVER, 204)                    \
	X(WRITE_COMPOSITE, 15, "Write-Composite", RD, SERVER, 204)                      \
	X(EXECUTE, 16, "Execute", RD, SERVER, 204)                                      \
	X(CREATE, 17, "Create", RD, SERVER, 201)                                        \
	X(DELETE, 18, "Delete", RD, SERVER, 202)                                        \
	X(OBSERVE, 20, "Observe", RD, SERVER, 205)                                      \
	X(OBSERVE_COMPOSITE, 21, "Observe-Composite", RD, SERVER, 205)                  \
	X(CANCEL_OBSERVE, 22, "Cancel-Observe", RD, SERVER, 205)                        \
	X(NOTIFY, 23, "Notify", RD, CLIENT, 0)                                          \
	X(SEND, 24, "Send", RD, CLIENT, 204)

enum lwm2m_operation {
#define LWM2M_OPERATION_ENUM(name, code, text, level, sender, success) LWM2M_OP_##name = (code),
	LWM2M_OPERATIONS(LWM2M_OPERATION_ENUM)
#undef LWM2M_OPERATION_ENUM
};

/* Results: class * 100 + detail of the CoAP code. */
enum lwm2m_result {
	LWM2M_CREATED = 201,
	LWM2M_DELETED = 202,
	LWM2M_CHANGED = 204,
	LWM2M_CONTENT = 205,
	LWM2M_BAD_REQUEST = 400,
	LWM2M_UNAUTHORIZED = 401,
	LWM2M_FORBIDDEN = 403,
	LWM2M_NOT_FOUND = 404,
	LWM2M_NOT_ALLOWED = 405,
	LWM2M_NOT_ACCEPTABLE = 406,
	LWM2M_INCOMPLETE = 408,
	LWM2M_CONFLICT = 409,
	LWM2M_PRECONDITION = 412,
	LWM2M_TOO_LARGE = 413,
	LWM2M_UNSUPPORTED_FORMAT = 415,
	LWM2M_INTERNAL = 500,
	LWM2M_NOT_IMPLEMENTED = 501,
	LWM2M_UNAVAILABLE = 503
};

/* One operation; fields as in LWM2M_OPERATIONS. */
struct lwm2m_operation_row {
	unsigned code;
	const char *text;
	enum lwm2m_level_name level;
	enum lwm2m_side sender;
	unsigned success;       /* 0: is not answered */
};

/* NULL: no such operation on this level. */
const struct lwm2m_operation_row *lwm2m_operation_find(uint64_t code,
						       enum lwm2m_level_name level);

#endif
