#ifndef CONCORD_CHIREDIS_H
#define CONCORD_CHIREDIS_H

#include <hiredis/hiredis.h>

#endif
