// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef MOERT_VGPU_EXEC_CLASH_H
#define MOERT_VGPU_EXEC_CLASH_H

#include <cstdint>

namespace moert::vgpu {

/// Who accesses memory, and how.
struct Accessor {
  uint32_t warp, lane, record;
  /// Not weak: such accesses do not race with each other.
  bool isStrong;
};

/// Why an access must not be: what another thread did there before, or that nobody wrote.
struct Clash {
  enum class Kind : uint8_t { None, NotWritten, InFlight, Read, Write };
  Kind kind = Kind::None;
  /// Of the access before, but for NotWritten.
  uint32_t warp = 0, lane = 0, record = 0;
  uint64_t block = 0;
  /// One of several threads, of which only this is known: they read in lines such as record's.
  bool isOneOfSeveral = false;
  explicit operator bool() const { return kind != Kind::None; }
};

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_CLASH_H
