/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A full fence: of two threads that each store, pass it, and then load what the
 * other stores, one at least sees the other's.
 */
#ifndef CORE_BASE_FENCE_H
#define CORE_BASE_FENCE_H

#include <stdatomic.h>

#if defined(__SANITIZE_THREAD__)
#define FENCE_IS_HIDDEN  1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FENCE_IS_HIDDEN  1
#endif
#endif

#ifdef FENCE_IS_HIDDEN
/* The sanitizer knows no fences; a locked instruction is one on the machines it runs on. */
static inline void fence_full(void)
{
	atomic_int word = 0;

	(void)atomic_fetch_add(&word, 1);
}
#else
static inline void fence_full(void)
{
	atomic_thread_fence(memory_order_seq_cst);
}
#endif

#endif
