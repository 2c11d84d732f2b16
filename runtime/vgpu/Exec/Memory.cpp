// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/Memory.h"

#include <sys/mman.h>

namespace moert::vgpu {

namespace {

void *map(uint64_t bytes) {
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

} // namespace

Memory::Memory(uint64_t bytes, uint32_t device)
    : total_(bytes), endNumber_(uint64_t(device + 1) << kDeviceShift),
      nextNumber_((uint64_t(device) << kDeviceShift) + 1) {
  // Zeros are null pointers; pages come as they are needed.
  table_ = static_cast<std::atomic<Allocation *> *>(map(kNumbers * sizeof(*table_)));
}

Memory::~Memory() {
  for (const auto &allocation : allocations_)
    if (allocation->data)
      munmap(allocation->data, allocation->bytes);
  if (table_)
    munmap(table_, kNumbers * sizeof(*table_));
}

uint64_t Memory::allocate(uint64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  const uint64_t numbers = (bytes >> 32) + 1;
  // Numbers are not used again, so that an address that is too old belongs to nothing else.
  if (bytes == 0 || bytes > total_ - used_ || !table_ || numbers > endNumber_ - nextNumber_)
    return 0;
  auto *data = static_cast<std::byte *>(map(bytes));
  if (!data)
    return 0;
  auto allocation = std::make_unique<Allocation>();
  allocation->shadow = std::make_unique<GlobalShadow>(bytes);
  if (!allocation->shadow->isValid()) {
    munmap(data, bytes);
    return 0;
  }
  allocation->address = nextNumber_ << 32;
  allocation->bytes = bytes;
  allocation->data = data;
  for (uint64_t i = 0; i < numbers; ++i)
    table_[nextNumber_ + i].store(allocation.get(), std::memory_order_release);
  nextNumber_ += numbers;
  used_ += bytes;
  ++count_;
  allocations_.push_back(std::move(allocation));
  return allocations_.back()->address;
}

bool Memory::release(uint64_t address) {
  std::lock_guard<std::mutex> lock(mutex_);
  const uint64_t number = address >> 32;
  Allocation *allocation = number < kNumbers ? table_[number].load() : nullptr;
  if (!allocation || allocation->address != address || allocation->isFreed)
    return false;
  releaseLocked(*allocation);
  return true;
}

void Memory::releaseAll() {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto &allocation : allocations_)
    if (!allocation->isFreed)
      releaseLocked(*allocation);
}

void Memory::releaseLocked(Allocation &allocation) {
  allocation.isFreed = true;
  munmap(allocation.data, allocation.bytes);
  allocation.data = nullptr;
  allocation.shadow = nullptr;
  used_ -= allocation.bytes;
  --count_;
}

void Memory::setReadOnly(uint64_t address) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (auto *allocation = const_cast<Allocation *>(find(address)))
    allocation->isReadOnly = true;
}

void Memory::setWritten(uint64_t address, uint64_t bytes) {
  const Allocation *allocation = find(address);
  if (allocation && !allocation->isFreed)
    allocation->shadow->setWritten(address - allocation->address, bytes);
}

void Memory::setAllWritten() {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto &allocation : allocations_)
    if (!allocation->isFreed)
      allocation->shadow->setWritten(0, allocation->bytes);
}

void Memory::copyWritten(uint64_t address, const Memory &from, uint64_t fromAddress,
                         uint64_t bytes) {
  const Allocation *to = find(address), *source = from.find(fromAddress);
  if (to && source && !to->isFreed && !source->isFreed)
    to->shadow->copyWritten(address - to->address, *source->shadow, fromAddress - source->address,
                            bytes);
}

void Memory::beginLaunch(uint64_t number) const {
  const uint64_t epoch = number / GlobalShadow::kLaunches;
  forgetAccesses(epoch);
  for (const auto &peer : peers_)
    if (const Memory *memory = peer.load(std::memory_order_acquire))
      memory->forgetAccesses(epoch);
}

void Memory::forgetAccesses(uint64_t epoch) const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (epoch <= epoch_)
    return;
  epoch_ = epoch;
  for (const auto &allocation : allocations_)
    if (allocation->shadow)
      allocation->shadow->forgetAccesses();
}

std::byte *Memory::at(uint64_t address, uint64_t bytes) const {
  const Allocation *allocation = find(address);
  if (!allocation || allocation->isFreed)
    return nullptr;
  const uint64_t offset = address - allocation->address;
  if (offset > allocation->bytes || bytes > allocation->bytes - offset)
    return nullptr;
  return allocation->data + offset;
}

uint64_t Memory::used() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return used_;
}

size_t Memory::count() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return count_;
}

} // namespace moert::vgpu
