#ifndef CONCORD_CHIREDIS_H
#define CONCORD_CHIREDIS_H

#include <stdlib.h>

#include <hiredis/hiredis.h>

/// hiredis' reply reader with a bound on the elements of an array: its own reader reserves room for as many as a reply
/// announces before one of them has come.
typedef struct concord_redis_reader {
    redisReader *reader;
    redisReplyObjectFunctions functions;
} concord_redis_reader;

enum { concord_redis_elements_max = 65536 };

/// The function that hiredis itself would have called travels as the reader's private data.
static void *concord_redis_create_array(const redisReadTask *task, int elements) {
    void *(*create)(const redisReadTask *, int) = (void *(*)(const redisReadTask *, int))task->privdata;
    return elements > concord_redis_elements_max ? NULL : create(task, elements);
}

/// NULL when there is no memory.
static inline concord_redis_reader *concord_redis_reader_create(void) {
    concord_redis_reader *bounded = malloc(sizeof(concord_redis_reader));
    if (bounded == NULL) return NULL;
    bounded->reader = redisReaderCreate();
    if (bounded->reader == NULL) {
        free(bounded);
        return NULL;
    }
    bounded->functions = *bounded->reader->fn;
    bounded->reader->privdata = (void *)bounded->functions.createArray;
    bounded->functions.createArray = concord_redis_create_array;
    bounded->reader->fn = &bounded->functions;
    return bounded;
}

static inline void concord_redis_reader_free(concord_redis_reader *bounded) {
    redisReaderFree(bounded->reader);
    free(bounded);
}

#endif
