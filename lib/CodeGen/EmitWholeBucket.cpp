//===- EmitWholeBucket.cpp - A counting sort by one block ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The entries are cut into as many runs as the block has warps, and each warp has
// counts of all keys. It counts its run, 32 entries at a time: lanes with equal
// keys find each other (match.sync), and the first of them adds their number. The
// counts of earlier warps and of smaller keys then give the place of the warp's
// first entry of each key, and a second pass over the runs places the entries.
// Nothing depends on which thread comes first.
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceEmitters.h"
#include "lib/CodeGen/DeviceTiles.h"
#include "lib/CodeGen/EntryView.h"
#include "lib/CodeGen/GpuTarget.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace moec::codegen {
namespace {

constexpr int64_t numWarps = wholeBucketThreads / warpSize;

/// Bytes of counts, so that several blocks fit into an SM beside what other kernels need.
constexpr int64_t mostCountBytes = 32 << 10;

class WholeBucket {
public:
  explicit WholeBucket(tile::BucketOp op)
      : b(op.getLoc(), op), op(op), keys(b, op.getKeys()), places(b, op.getPlaces()),
        numKeys(cast<MemRefType>(op.getOffsets().getType()).getDimSize(0) - 1) {
    Value x = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
    Value y = gpu::ThreadIdOp::create(b, gpu::Dimension::y);
    Value width = gpu::BlockDimOp::create(b, gpu::Dimension::x);
    thread = b.add(arith::MulIOp::create(b, y, width), x);
    warp = arith::DivUIOp::create(b, thread, b.index(warpSize));
    lane = arith::RemUIOp::create(b, thread, b.index(warpSize));
    counts = addShared(numWarps * numKeys);
    starts = addShared(numKeys);
  }

  void emit() {
    clearCounts();
    emitTeamSync(b, TeamKind::Block);
    overRun([&](const Peers &peers) { addToCounts(peers); });
    emitTeamSync(b, TeamKind::Block);
    sumOverWarps();
    emitTeamSync(b, TeamKind::Block);
    b.when(b.isLess(thread, b.index(warpSize)), [&] { sumOverKeys(); });
    emitTeamSync(b, TeamKind::Block);
    overRun([&](const Peers &peers) {
      place(peers);
      emitTeamSync(b, TeamKind::Warp);
      addToCounts(peers);
    });
  }

private:
  /// One lane's entry, and lanes of the warp whose entries have the same key.
  struct Peers {
    Value entry, isEntry;
    Value hasKey; // the entry is there and not left out
    Value key;    // index
    Value lower;  // i32: peers in lower lanes
    Value number; // i32: peers
  };

  Value number(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Value toIndex(Value value) { return arith::IndexCastUIOp::create(b, b.getIndexType(), value); }
  Value toI32(Value value) { return arith::IndexCastUIOp::create(b, b.getI32Type(), value); }
  Value addShared(int64_t size) {
    auto kernel = b.getInsertionBlock()->getParent()->getParentOfType<gpu::GPUFuncOp>();
    auto space = gpu::AddressSpaceAttr::get(b.getContext(), gpu::AddressSpace::Workgroup);
    auto type = MemRefType::get({size}, b.getI32Type(), AffineMap(), space);
    return kernel.addWorkgroupAttribution(type, op.getLoc());
  }
  Value slotOf(Value ownWarp, Value key) { return b.add(b.mul(ownWarp, numKeys), key); }

  void clearCounts() {
    b.loop(thread, b.index(numWarps * numKeys), wholeBucketThreads,
           [&](Value at) { memref::StoreOp::create(b, number(0), counts, at); });
  }

  /// The warp's entries, in order, with the peers of each.
  void overRun(function_ref<void(const Peers &)> body) {
    Value rows = memref::DimOp::create(b, op.getKeys(), 0);
    Value count = arith::MulIOp::create(b, rows, keys.columns);
    // Whole steps, so that lanes read neighbours.
    Value steps = arith::CeilDivUIOp::create(b, count, b.index(wholeBucketThreads));
    Value run = b.mul(steps, warpSize);
    Value begin = arith::MulIOp::create(b, warp, run);
    Value end = b.min(b.add(begin, run), count);
    b.loop(begin, end, warpSize, [&](Value step) {
      Peers peers;
      peers.entry = b.add(step, lane);
      peers.isEntry = b.isLess(peers.entry, end);
      // Keys outside of [0, keys) are as the number of keys, negative ones as large ones.
      Value key = b.choose(
          peers.isEntry, b.getI32Type(),
          [&]() -> SmallVector<Value> {
            Value loaded = keys.load(peers.entry);
            Value most = arith::ConstantOp::create(b, b.getIntegerAttr(loaded.getType(), numKeys));
            Value kept = arith::MinUIOp::create(b, loaded, most);
            return {kept.getType().isInteger(64)
                        ? arith::TruncIOp::create(b, b.getI32Type(), kept).getResult()
                        : kept};
          },
          [&]() -> SmallVector<Value> { return {number(numKeys)}; })[0];
      Value same =
          NVVM::MatchSyncOp::create(b, b.getI32Type(), number(-1), key, NVVM::MatchSyncKind::any);
      Value bit = arith::ShLIOp::create(b, number(1), toI32(lane));
      Value below = arith::AndIOp::create(b, same, b.sub(bit, number(1)));
      peers.lower = math::CtPopOp::create(b, below);
      peers.number = math::CtPopOp::create(b, same);
      peers.hasKey = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, key, number(numKeys));
      peers.key = toIndex(key);
      body(peers);
      emitTeamSync(b, TeamKind::Warp);
    });
  }

  void addToCounts(const Peers &peers) {
    Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, peers.lower, number(0));
    b.when(arith::AndIOp::create(b, isFirst, peers.hasKey), [&] {
      Value slot = slotOf(warp, peers.key);
      Value before = memref::LoadOp::create(b, counts, slot);
      memref::StoreOp::create(b, b.add(before, peers.number), counts, slot);
    });
  }

  /// Each count becomes that of the warps before; `starts` the number of a key's entries.
  void sumOverWarps() {
    b.loop(thread, b.index(numKeys), wholeBucketThreads, [&](Value key) {
      SmallVector<Value> sum =
          b.carry(b.index(0), b.index(numWarps), 1, number(0), [&](Value of, ValueRange sums) {
            Value slot = slotOf(of, key);
            Value own = memref::LoadOp::create(b, counts, slot);
            memref::StoreOp::create(b, sums[0], counts, slot);
            return SmallVector<Value>{b.add(sums[0], own)};
          });
      memref::StoreOp::create(b, sum[0], starts, key);
    });
  }

  /// By one warp: `starts` and the offsets become the entries of smaller keys.
  void sumOverKeys() {
    Value none = number(0);
    SmallVector<Value> all =
        b.carry(b.index(0), b.index(numKeys), warpSize, none, [&](Value first, ValueRange sums) {
          Value key = b.add(first, lane), isKey = b.isLess(key, b.index(numKeys));
          Value own = b.choose(
              isKey, b.getI32Type(),
              [&]() -> SmallVector<Value> { return {memref::LoadOp::create(b, starts, key)}; },
              [&]() -> SmallVector<Value> { return {none}; })[0];
          Value sum = own;
          for (int64_t distance = 1; distance < warpSize; distance *= 2) {
            Value below = emitShuffle(b, sum, NVVM::ShflKind::up, distance);
            Value isLow = b.isLess(lane, b.index(distance));
            sum = b.add(sum, arith::SelectOp::create(b, isLow, none, below));
          }
          Value start = b.add(sums[0], b.sub(sum, own));
          // LLVM may let lanes without a key load as well.
          emitTeamSync(b, TeamKind::Warp);
          b.when(isKey, [&] {
            memref::StoreOp::create(b, start, starts, key);
            memref::StoreOp::create(b, start, op.getOffsets(), key);
          });
          Value last = emitShuffle(b, sum, NVVM::ShflKind::idx, warpSize - 1);
          return SmallVector<Value>{b.add(sums[0], last)};
        });
    b.when(b.isEqual(lane, b.index(0)),
           [&] { memref::StoreOp::create(b, all[0], op.getOffsets(), b.index(numKeys)); });
  }

  void place(const Peers &peers) {
    b.when(peers.isEntry, [&] {
      Value at = b.choose(
          peers.hasKey, b.getI32Type(),
          [&]() -> SmallVector<Value> {
            Value place = b.add(memref::LoadOp::create(b, starts, peers.key),
                                memref::LoadOp::create(b, counts, slotOf(warp, peers.key)));
            place = b.add(place, peers.lower);
            Value row = toI32(keys.getRow(peers.entry));
            memref::StoreOp::create(b, row, op.getSource(), toIndex(place));
            return {place};
          },
          [&]() -> SmallVector<Value> { return {number(-1)}; })[0];
      places.store(at, peers.entry);
    });
  }

  LoopBuilder b;
  tile::BucketOp op;
  EntryView keys, places;
  int64_t numKeys;
  Value thread, warp, lane;
  Value counts; // [warp * keys + key]
  Value starts; // [key]
};

} // namespace

bool canBucketInOneBlock(tile::BucketOp op) {
  int64_t offsets = cast<ShapedType>(op.getOffsets().getType()).getDimSize(0);
  return ShapedType::isStatic(offsets) &&
         (offsets - 1) * numWarps * static_cast<int64_t>(sizeof(int32_t)) <= mostCountBytes;
}

void emitWholeBucket(tile::BucketOp op) { WholeBucket(op).emit(); }

} // namespace moec::codegen
