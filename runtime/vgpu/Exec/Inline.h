// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls, replaced by the bodies of the functions that they name. Lanes that part in a function meet
// by the same layout of blocks as all others, and no warp needs a stack of returns.
#ifndef MOERT_VGPU_EXEC_INLINE_H
#define MOERT_VGPU_EXEC_INLINE_H

#include "vgpu/Ptx/Module.h"

namespace moert::vgpu {

/// Whether a function calls any other.
bool hasCalls(const ptx::Function &function);

/// Copies `function` to `result`, with what it calls in place of the calls. Variables in .param
/// space after its own parameters are what calls pass: memory of each thread. False with the error
/// where a call is not of this module, not right, or leads back to itself.
bool inlineCalls(const ptx::Module &module, const ptx::Function &function, ptx::Function &result,
                 ptx::ParseError &error);

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_INLINE_H
