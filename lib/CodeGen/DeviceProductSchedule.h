//===- DeviceProductSchedule.h - How a device divides products -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the former, which computes grids on the host, and the emitter, which
// writes the kernel, agree on.
//
// A block computes tiles of `rows` result rows by `panels` panels of 32 source
// columns. Its warps divide the tile; each has `warpRows` rows of `warpPanels` panels. K
// is walked in steps, several of which are on their way into shared memory while
// one is used.
//
// In shared memory everything lies in lines of 128 bytes, the 32 banks once:
//
//   rows    one line per row and step: the step's summands of the row; half a line in schedules
//           whose steps are half as deep
//   panels  one line per summand (f32), per two summands (f16), per pair of
//           summands (bf16) of a panel, as the packed panel has them
//
// The 16-byte granules of a line are permuted by the line's number (swizzle), so
// that neither `ldmatrix` nor the loads of panels meet in a bank.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_DEVICEPRODUCTSCHEDULE_H
#define MOEC_LIB_CODEGEN_DEVICEPRODUCTSCHEDULE_H

#include "lib/CodeGen/GpuTarget.h"

#include "mlir/IR/Types.h"

namespace moec::codegen {

/// Bytes of a line of shared memory, and of a granule, which one thread copies at once.
constexpr int64_t lineBytes = 128, granuleBytes = 16;

/// Source columns of a panel.
constexpr int64_t productPanelColumns = 32;

/// How a product is divided among blocks and warps. Results do not depend on it: every element is
/// the sum of the same instructions in the same order.
struct DeviceProductSchedule {
  llvm::StringLiteral name;
  int64_t rows;   // of a block's tile
  int64_t panels; // of a block's tile
  int64_t warpRows, warpPanels;
  int64_t stages;   // steps in shared memory
  int64_t rowShare; // how many rows share a line: 1 or 2, then steps are half as deep
  int64_t numWarps() const { return panels / warpPanels * (rows / warpRows); }
  int64_t numThreads() const { return numWarps() * warpSize; }
};

/// Large tiles, for many rows: 128 rows by 128 columns.
extern const DeviceProductSchedule tileSchedule;
/// Small ones, for few rows: 64 by 64. Weights of each range are read once for up to 64 rows of it.
extern const DeviceProductSchedule streamSchedule;
/// The same by 384 columns, for more rows than a few: each column tile reads them again.
extern const DeviceProductSchedule wideSchedule;

const DeviceProductSchedule *findDeviceProductSchedule(llvm::StringRef name);

/// The attribute of a kernel that names its schedule.
constexpr llvm::StringLiteral productAttrName = "tile.product";

/// The attribute of a product whose f32 operands may be rounded to tf32.
constexpr llvm::StringLiteral allowTf32AttrName = "tile.allow_tf32";

/// Types of a product's operands and what follows from them.
struct ProductTypes {
  mlir::Type rows, slabs;
  bool allowsTf32 = false;

  int64_t rowBytes() const { return rows.getIntOrFloatBitWidth() / 8; }
  int64_t slabBytes() const { return slabs.getIntOrFloatBitWidth() / 8; }
  /// Summands of a step: a line of the wider type, or half of it.
  int64_t depth(const DeviceProductSchedule &schedule) const {
    return lineBytes / schedule.rowShare / std::max(rowBytes(), slabBytes());
  }
  /// Whether f32 is rounded for matrix instructions.
  bool usesTf32() const { return allowsTf32 && rows.isF32() && slabs.isF32(); }
  /// Whether matrix instructions compute it: operands of one 16-bit type, or tf32. Others are exact
  /// multiply-adds in f32.
  bool usesMma() const { return usesTf32() || (rows == slabs && rowBytes() == 2); }
  /// Summands of a matrix instruction: 32 bytes of a row.
  int64_t mmaDepth() const { return 32 / rowBytes(); }
  /// Lines of a panel in a step.
  int64_t panelLines(const DeviceProductSchedule &schedule) const {
    return depth(schedule) * productPanelColumns * slabBytes() / lineBytes;
  }
  /// Bytes of rows in a step.
  int64_t rowsBytes(const DeviceProductSchedule &schedule) const {
    return schedule.rows * lineBytes / schedule.rowShare;
  }
  /// Dynamic shared memory of a step.
  int64_t stageBytes(const DeviceProductSchedule &schedule) const {
    return rowsBytes(schedule) + schedule.panels * panelLines(schedule) * lineBytes;
  }
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_DEVICEPRODUCTSCHEDULE_H
