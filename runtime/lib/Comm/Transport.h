// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bytes between the ranks of a control plane, carried by a transport. What the transport says of a
// failure is a hint only: a rank whose connection closed may have been the first to fail or the
// last. So whenever one fails, the control plane is asked why, and its answer, the same on all
// ranks, is the status.
//
// The ranks of a control plane have proved who they are, but those at the other ends of a
// transport's connections have not, and transports know nothing of secrets. So `open` ends with
// each rank sending each other one a keyed hash of what the control plane has carried before; what
// comes after that is as safe from others as the network is.
#ifndef MOERT_LIB_COMM_TRANSPORT_H
#define MOERT_LIB_COMM_TRANSPORT_H

#include "lib/Comm/ControlPlane.h"
#include "moert/transport.h"

namespace moert {

class Transport {
public:
  /// `host` and `plane`, which has been formed with two ranks or more, must outlive the transport.
  Transport(const Host &host, ControlPlane &plane) : host_(host), plane_(plane) {}
  Transport(const Transport &) = delete;
  Transport &operator=(const Transport &) = delete;
  ~Transport();

  /// Connects with all other ranks, which all do the same, once. On failure the group has been
  /// given up.
  moert_status open(const moert_transport_api &api, int64_t timeoutNs);

  /// See moert_transport_api::start. On failure the group has been given up.
  moert_status send(int32_t peer, uint64_t tag, const void *data, size_t bytes,
                    moert_transfer *&transfer);
  moert_status receive(int32_t peer, uint64_t tag, void *data, size_t bytes,
                       moert_transfer *&transfer);

  /// Waits for the end of a transfer with `peer`, within `limits`, and releases it. Where it fails,
  /// the group has been given up: PEER_LOST or ABORTED as on all ranks, or this rank's own
  /// DEADLINE_EXCEEDED or CANCELLED. A cancellation is seen within a heartbeat.
  moert_status wait(moert_transfer *transfer, int32_t peer, const WaitLimits &limits);

  /// Takes back a transfer that is not worth waiting for. Null is allowed.
  void release(moert_transfer *transfer) { api_->release(transfer); }

private:
  moert_status prove(int64_t deadlineNs);
  moert_status start(int32_t kind, int32_t peer, uint64_t tag, void *data, size_t bytes,
                     moert_transfer *&transfer);
  /// `peer` is this rank where no other one is suspected.
  moert_status explain(const moert_status &status, int32_t peer);
  Digest256 proofOf(int32_t from, int32_t to) const;

  const Host &host_;
  ControlPlane &plane_;
  const moert_transport_api *api_ = nullptr;
  moert_transport *transport_ = nullptr;
};

} // namespace moert

#endif // MOERT_LIB_COMM_TRANSPORT_H
