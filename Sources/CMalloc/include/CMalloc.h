// The process' allocator, jemalloc, as its manual (jemalloc(3)) describes it.
#ifndef CONCORD_CMALLOC_H
#define CONCORD_CMALLOC_H

// Size types and `malloc_usable_size`.
#include <malloc.h>

#include <jemalloc/jemalloc.h>

#endif
