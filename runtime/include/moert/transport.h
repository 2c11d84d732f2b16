/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * What libmoert asks of a transport: a shared object that carries bytes between the ranks of a
 * group. libmoert itself finds the ranks, holds them together and notices who is gone; a transport
 * moves what it is given.
 *
 * A transport NAME is the file libmoert_NAME.so, which exports one function, moert_get_transport.
 * It is loaded when it is first asked for, and stays.
 *
 * No exception leaves a transport, and no signal of its making reaches the program: it blocks all
 * signals in its threads and raises no SIGPIPE in those of its callers.
 */
#ifndef MOERT_TRANSPORT_H
#define MOERT_TRANSPORT_H

#include "moert/moert.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MOERT_TRANSPORT_VERSION 1
#define MOERT_TRANSPORT_SYMBOL "moert_get_transport"

typedef struct moert_transport moert_transport;
typedef struct moert_transfer moert_transfer;

enum moert_transfer_kind { MOERT_SEND = 0, MOERT_RECEIVE = 1 };

typedef struct moert_transport_config {
  uint64_t size;
  int32_t rank;
  int32_t ranks;
  /* The address, in numbers and without port, that this rank listens at. */
  const char *address;
  /* How long `open` may take, and how long a rank may take to connect. */
  int64_t timeout_ns;
  /* Values that all ranks see: a key is set once, by one rank, and `get` waits for it, up to
   * `timeout_ns`. Copies `room` bytes at most and fills `*bytes` with how many there are. What
   * `get` gives comes from a rank of the group. Valid while `open` runs. */
  void *user;
  moert_status (*set)(void *user, const char *key, const void *value, uint64_t bytes);
  moert_status (*get)(void *user, const char *key, int64_t timeout_ns, void *value, uint64_t room,
                      uint64_t *bytes);
  /* Calls `hear(argument)` once the group is over, at once if it is already, from another thread
   * if it comes to that later; until it is called with a null `hear`, which waits for a call that
   * is under way. So `open` can end waits that nothing else ends. `open` ends what it began. */
  void (*listen)(void *user, void (*hear)(void *argument), void *argument);
} moert_transport_config;

/* All but `open` and `close` may be called from any thread; of one transfer, from one at a time. */
typedef struct moert_transport_api {
  uint64_t size;
  const char *name;

  /* Connects this rank with all others, all of which do the same. Ends within 0.1 s once the group
   * is over (see `listen`). DEADLINE_EXCEEDED, PEER_LOST, what `set` and `get` say, and others. */
  moert_status (*open)(const moert_transport_config *config, moert_transport **transport);

  /* Begins to send `bytes` > 0 bytes to rank `peer`, or to receive them from it, and does not wait.
   * `data` stays, and for a receive nobody else touches it, until the transfer is released. A
   * receive takes what the peer sends with the same tag, in the order in which both ends begin
   * transfers with it, and has exactly the size of that: a transport may end the process where a
   * message is longer than the receive. PEER_LOST. */
  moert_status (*start)(moert_transport *transport, int32_t kind, int32_t peer, uint64_t tag,
                        void *data, uint64_t bytes, moert_transfer **transfer);

  /* Waits for the end of a transfer: OK when a receive is complete, or when what is sent may be
   * changed. UNAVAILABLE where `interrupt` has ended the wait, and the transfer goes on: wait
   * again. DEADLINE_EXCEEDED after `timeout_ns` > 0; then, as after PEER_LOST, the transport is of
   * no use any more but to be closed. */
  moert_status (*wait)(moert_transfer *transfer, int64_t timeout_ns);

  /* Takes a transfer back, complete or not: nobody looks at its data any more. Null is allowed. */
  void (*release)(moert_transfer *transfer);

  /* Ends the wait of every transfer that has been started, now or, where nobody waits yet, as soon
   * as somebody does. Does not wait for anything. */
  void (*interrupt)(moert_transport *transport);

  /* After all transfers have been released. Does not wait for other ranks. Null is allowed. */
  void (*close)(moert_transport *transport);
} moert_transport_api;

/* The table, static and constant, or null if the transport does not speak `version`. */
typedef const moert_transport_api *(*moert_get_transport_fn)(uint32_t version);

#ifdef __cplusplus
}
#endif

#endif /* MOERT_TRANSPORT_H */
