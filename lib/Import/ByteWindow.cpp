//===- ByteWindow.cpp - Sequential reading of a ByteSource ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ByteWindow.h"

using namespace moec;

void ByteWindow::skip(uint64_t bytes) {
  uint64_t inWindow = std::min<uint64_t>(bytes, buffer.size() - used);
  used += inWindow;
  if (bytes == inWindow)
    return;
  start += used + (bytes - inWindow);
  used = 0;
  buffer.clear();
}

void ByteWindow::refill() {
  start += used;
  used = 0;
  buffer.resize(std::min<uint64_t>(windowBytes, total - start));
  if (!buffer.empty() && (failure = source.read(start, buffer)))
    buffer.clear();
}
