/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/base/check.h"

#include <edgeway/sample.h>

#include "tests/bench/ref_ring.h"

#define SLOTS  1024u            /* a power of two, as the bus's queue */
#define RECEIVERS_MAX  4

struct ref_block {
	_Atomic uint32_t refs;
	size_t count;
	struct ew_sample *samples;
};

struct ref_ring {
	_Alignas(64) _Atomic uint64_t head;
	_Alignas(64) _Atomic uint64_t tail;
	struct ref_block *slots[SLOTS];
};

struct ref {
	struct ref_ring rings[RECEIVERS_MAX];
	size_t receivers;
	uint64_t batches;
	struct ref_block *blocks;       /* SLOTS + 1 of them, used in turn */
	double sum;                     /* so that the samples are read */
};

static void *consume(void *arg)
{
	struct ref *ref = arg;
	uint64_t left = ref->batches * ref->receivers;
	double sum = 0;

	while (left > 0) {
		uint64_t before = left;

		for (size_t r = 0; r < ref->receivers; r++) {
			struct ref_ring *ring = &ref->rings[r];
			uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
			unsigned budget = 16;

			while (budget-- > 0 && head != atomic_load_explicit(&ring->tail,
									    memory_order_acquire)) {
				struct ref_block *block = ring->slots[head % SLOTS];

				for (size_t i = 0; i < block->count; i++) {
					sum += block->samples[i].v.f;
				}
				atomic_fetch_sub_explicit(&block->refs, 1, memory_order_release);
				atomic_store_explicit(&ring->head, ++head, memory_order_release);
				left--;
			}
		}
		if (left == before) {
			(void)sched_yield();
		}
	}
	ref->sum = sum;
	return NULL;
}

static void push(struct ref_ring *ring, struct ref_block *block)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	while (tail - atomic_load_explicit(&ring->head, memory_order_acquire) == SLOTS) {
		(void)sched_yield();
	}
	ring->slots[tail % SLOTS] = block;
	atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
}

static void produce(struct ref *ref, const struct ew_sample *source, size_t size, size_t tags)
{
	struct ew_sample *table = calloc(tags, sizeof(*table));
	size_t at = 0;

	check(table != NULL);
	for (uint64_t n = 0; n < ref->batches; n++) {
		struct ref_block *block = &ref->blocks[n % (SLOTS + 1)];

		while (atomic_load_explicit(&block->refs, memory_order_acquire) != 0) {
			(void)sched_yield();
		}
		for (size_t i = 0; i < size; i++) {
			block->samples[i] = source[at + i];
			table[source[at + i].tag] = source[at + i];
		}
		block->count = size;
		atomic_store_explicit(&block->refs, (uint32_t)ref->receivers,
				      memory_order_relaxed);
		for (size_t r = 0; r < ref->receivers; r++) {
			push(&ref->rings[r], block);
		}
		at = at + 2 * size > tags ? 0 : at + size;
	}
	free(table);
}

struct bench_span ref_ring_run(size_t receivers, uint64_t batches, size_t size, size_t tags)
{
	struct ref *ref = aligned_alloc(64, sizeof(*ref));
	struct ew_sample *source = calloc(tags, sizeof(*source));
	struct bench_span begin, span;
	pthread_t thread;

	check(ref != NULL && source != NULL);
	*ref = (struct ref){ .receivers = receivers, .batches = batches };
	ref->blocks = calloc(SLOTS + 1, sizeof(*ref->blocks));
	check(ref->blocks != NULL);
	for (size_t i = 0; i <= SLOTS; i++) {
		ref->blocks[i].samples = calloc(size, sizeof(struct ew_sample));
		check(ref->blocks[i].samples != NULL);
	}
	for (size_t i = 0; i < tags; i++) {
		source[i] = ew_sample_f64((uint32_t)i, 1, (double)i);
	}
	begin = bench_now();
	check(pthread_create(&thread, NULL, consume, ref) == 0);
	produce(ref, source, size, tags);
	check(pthread_join(thread, NULL) == 0);
	span = bench_since(begin);
	for (size_t i = 0; i <= SLOTS; i++) {
		free(ref->blocks[i].samples);
	}
	free(ref->blocks);
	free(source);
	free(ref);
	return span;
}
