/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The assert vocabulary, kept in release builds: check() for our own mistakes
 * and damaged memory, never for input, allocation, the network or a module's
 * misuse of the API. Any thread. Does not return on failure.
 */
#ifndef CORE_BASE_CHECK_H
#define CORE_BASE_CHECK_H

#include <stddef.h>

/* Print "file:line: check failed: what" to stderr and abort. */
_Noreturn void check_failed(const char *file, int line, const char *what);

#define check(cond) ((cond) ? (void)0 : check_failed(__FILE__, __LINE__, #cond))

/* A handle is alive: not NULL and its first word `magic` is right. */
#define check_obj(obj, number) check((obj) != NULL && (obj)->magic == (number))

#define container_of(member_at, type, member) \
	((type *)(void *)((char *)(member_at) - offsetof(type, member)))

#define array_count(array) (sizeof(array) / sizeof((array)[0]))

#endif
