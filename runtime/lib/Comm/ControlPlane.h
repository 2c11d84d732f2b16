// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What holds ranks that are processes together, beside whatever carries their rows: each is
// connected to each other one, over TCP, and a thread of each listens for heartbeats.
//
// Connections are direct, since then every rank sees with its own eyes that another one is gone:
// the loss of rank 0 is like that of any other, and rank 0 may leave before the rest does. Rank 0
// is special while the group forms only: all others connect to it, and it tells them where the rest
// listens.
//
// A rank is lost when its connection closes without a word, or when nothing was heard from it for
// a number of heartbeats. Who sees that gives the group up and tells all others, who tell all
// others; the first reason counts. A group that has been given up stays so: build a new one, of
// the next generation. A process that is stopped counts one missed heartbeat when it goes on, so it
// takes nobody for lost because of its own sleep.
//
// Threads: all functions but `form` and `leave` from any thread, after `form`.
#ifndef MOERT_LIB_COMM_CONTROLPLANE_H
#define MOERT_LIB_COMM_CONTROLPLANE_H

#include "lib/Comm/ExchangeTransport.h"
#include "lib/Comm/GroupState.h"
#include "lib/Comm/Link.h"
#include "lib/Comm/Store.h"

#include <atomic>
#include <mutex>

struct epoll_event;

namespace moert {

struct ControlOptions {
  int32_t rank = 0;
  int32_t ranks = 1;
  uint64_t generation = 0;
  uint8_t buildId[16] = {};
  /// Where rank 0 listens.
  const char *host = "";
  uint16_t port = 0;
  /// All ranks have the same. Not empty where there are others.
  const void *secret = nullptr;
  size_t secretBytes = 0;
  /// The address or network device that this rank connects from and listens at; empty: the address
  /// of rank 0, and for others the one that leads there.
  const char *interface = "";
  /// How long all ranks have to come.
  int64_t formNs = 60000000000;
  /// Looked at while the group forms; may be null.
  const std::atomic<bool> *cancelled = nullptr;
  /// A rank of which nothing was heard for so many heartbeats is lost.
  int64_t heartbeatNs = 100000000;
  int32_t mostMissed = 10;
  /// How long a connection has to prove that it belongs here.
  int64_t handshakeNs = 2000000000;
  /// How long leaving waits for others to take note.
  int64_t lingerNs = 200000000;
};

class ControlPlane {
public:
  /// Why a group has been given up.
  struct Verdict {
    int32_t code = MOERT_OK;
    int32_t rank = -1; // because of it
    int32_t cause = 0;
  };
  enum Cause : int32_t { kTold = 0, kClosed = 1, kSilent = 2, kNotCome = 3, kBroken = 4 };

  /// `host` must outlive the control plane.
  explicit ControlPlane(const Host &host) : host_(host), store_(host) {}
  ControlPlane(const ControlPlane &) = delete;
  ControlPlane &operator=(const ControlPlane &) = delete;
  /// Leaves.
  ~ControlPlane() { leave(); }

  /// Once. Returns when every rank is connected to every other one, or with the reason why not:
  ///   INVALID_ARGUMENT     of the options, or another secret, size or rank than the others have
  ///   NOT_FOUND            no such host or interface
  ///   UNAVAILABLE          the port of rank 0 is taken
  ///   INCOMPATIBLE         the others run another build of the model or of this library
  ///   FAILED_PRECONDITION  the others build a later generation
  ///   DEADLINE_EXCEEDED    some did not come; it says which
  ///   PEER_LOST, CANCELLED, IO, OUT_OF_MEMORY
  moert_status form(const ControlOptions &options);
  /// Tells the others that this rank goes, and waits `lingerNs` at most. Nobody is lost by that; a
  /// rank that still needs this one finds out by hasLeft. Once, or by the destructor.
  void leave();

  int32_t rank() const { return options_.rank; }
  int32_t ranks() const { return options_.ranks; }
  uint64_t generation() const { return options_.generation; }
  /// The address, without port, that this rank's other connections should be made from.
  Address::Text address() const { return address_.print(false); }

  /// Gives the group up because of `rank`, on all ranks. Where `code` is PEER_LOST that rank is
  /// lost, otherwise it gave up with `code`. The first reason counts.
  void giveUp(int32_t rank, int32_t code);
  Verdict verdict() const;
  bool isGivenUp() const { return reason_.load() != 0; }
  /// PEER_LOST with the rank, or ABORTED with the rank and what it gave as its reason; OK while the
  /// group goes on.
  moert_status reason() const;
  bool hasLeft(int32_t rank) const;

  /// Something else has failed because of `suspect`, perhaps only as a consequence: waits for what
  /// the others make of it, as long as finding out takes, and if they see nothing gives the group
  /// up because of `suspect` with `code`. Returns the reason.
  moert_status settle(int32_t suspect, int32_t code = MOERT_PEER_LOST);

  /// Tells all ranks a value, of kMostValue bytes at most. Keys are set once, by one rank.
  moert_status set(const char *key, const void *value, size_t bytes);
  /// Waits until somebody has set the key and copies its value, of `bytes` bytes, of which `room`
  /// at most are copied: RESOURCE_EXHAUSTED where that does not do. Also ends when the group is
  /// given up.
  moert_status get(const char *key, const WaitLimits &limits, void *value, size_t room,
                   size_t &bytes);

  /// Counts up when the group is given up, a rank leaves or a value comes.
  uint32_t events() const { return events_.load(); }
  /// Waits until `events` is not `seen`, its value before looking, any more. DEADLINE_EXCEEDED,
  /// CANCELLED.
  moert_status waitForEvent(uint32_t seen, const WaitLimits &limits);

  /// Calls `hear` after every event and heartbeat, on the thread of the control plane, until the
  /// next call; null for nobody. It must not wait, nor call listen, form or leave. Returns when the
  /// one before is not being called any more.
  void listen(void (*hear)(void *user), void *user);

  /// A keyed hash that is the same on all ranks of this generation of the group and that nobody
  /// else can make. `purpose` tells uses apart; add what it is to be of.
  Hmac derive(const char *purpose) const;

private:
  /// A rank that this one connects to.
  struct Target {
    WireAddress where;
    Link *link;        // under way, or Open
    int64_t nextTryNs; // while there is no link
    int64_t pauseNs;
    int32_t error; // of the last try
  };

  // ControlPlane.cpp
  void closeAll();
  bool decide(const Verdict &verdict);
  void wake();
  void tell();
  static void threadMain(void *self);
  void windUp();

  // ControlForm.cpp
  moert_status prepare(const ControlOptions &options);
  moert_status findAddresses();
  moert_status listenAsRankZero();
  moert_status formLoop();
  moert_status lateStatus();
  void listMissing(char *text, size_t room, int32_t &first) const;
  void connectDue(int64_t now);
  void connectTo(int32_t peer, int64_t now);
  void retryLater(int32_t peer, int error);
  void connected(Link &link);
  bool readTable(const Frame &frame);
  void announce();
  void stopListening();

  // ControlAccept.cpp
  void acceptAll();
  bool addPending(Link *link);
  void removePending(Link &link);
  void dropPending(int64_t now);
  bool shakeHands(Link &link, const Frame &frame);
  bool sendHello(Link &link);
  bool readAnswer(Link &link, const AnswerPayload &answer);
  bool readProof(Link &link, const ProofPayload &proof);
  void admit(Link &link);
  void noteRefusal(Link &link, Refusal refusal);

  // ControlLoop.cpp
  moert_status makeDescriptors();
  bool watch(int descriptor, void *what, uint32_t events, bool isNew);
  void turn(int timeoutMs);
  void onEvent(const epoll_event &event);
  void readFrom(Link &link);
  bool handle(Link &link, const Frame &frame);
  bool handleSet(const Frame &frame);
  void send(Link &link);
  void flushAll();
  void tick();
  void drop(Link &link, int32_t cause);
  void bury();

  const Host &host_;
  ControlOptions options_; // its pointers are not used after `prepare`
  GroupIdentity identity_;
  Array<uint8_t> secret_;
  Array<char> hostName_, interface_;
  Address rendezvous_, from_, address_;

  mutable std::mutex mutex_; // of what follows
  Array<Link *> links_;      // Open ones, by rank
  Array<uint8_t> left_;      // by rank
  Digest256 group_ = {};     // random, from rank 0, of this group alone
  Array<Target> targets_;    // by rank
  Link *pending_ = nullptr;  // not Open yet
  Link *dead_ = nullptr;     // closed, freed after the events under way
  int32_t pendingIncoming_ = 0;
  int32_t joined_ = 0, ready_ = 0;
  bool isReady_ = false, isTabled_ = false, isFormed_ = false, isClosing_ = false;
  moert_status fatal_ = {}; // what ends forming
  int32_t refusals_ = 0;
  char refused_[160] = ""; // the last one
  Store store_;

  std::atomic<uint64_t> reason_{0};
  std::atomic<uint32_t> events_{0};
  Descriptor epoll_{-1}, wake_{-1}, timer_{-1}, listener_{-1};
  Address listenAddress_;
  void *thread_ = nullptr;
  bool hasThread_ = false, isLeft_ = false;
  std::atomic<bool> stop_{false};
  std::mutex hearing_; // of what follows, held while it is called; never with the other one
  void (*hear_)(void *user) = nullptr;
  void *hearer_ = nullptr;
};

} // namespace moert

#endif // MOERT_LIB_COMM_CONTROLPLANE_H
