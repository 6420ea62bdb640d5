#ifndef CONCORD_CLIBPQ_H
#define CONCORD_CLIBPQ_H

#include <libpq-fe.h>

#endif
