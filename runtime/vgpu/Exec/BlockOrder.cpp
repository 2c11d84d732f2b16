// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/BlockOrder.h"

#include <algorithm>

namespace moert::vgpu {

namespace {

constexpr uint32_t kUnseen = UINT32_MAX;
/// Looks at jumps after which loops within loops are laid out as they come: lanes still get on, but
/// may meet later. Only code made to be deep has so many.
constexpr uint64_t kMostLooks = 20'000'000;

/// Tarjan's algorithm on the blocks of one region, without recursion.
class Components {
public:
  Components(const std::vector<std::vector<uint32_t>> &successors, std::vector<uint32_t> &region)
      : successors_(successors), region_(region), index_(successors.size(), kUnseen),
        low_(successors.size(), 0), isOpen_(successors.size(), false) {}

  /// Components that `root` reaches within region `number`, first the one that is last.
  std::vector<std::vector<uint32_t>> find(uint32_t root, uint32_t number) {
    found_.clear();
    if (index_[root] == kUnseen)
      visit(root, number);
    return std::move(found_);
  }
  void forget(uint32_t block) { index_[block] = kUnseen; }
  uint64_t looks() const { return looks_; }

private:
  struct Step {
    uint32_t block;
    size_t next;
  };

  void open(uint32_t block) {
    index_[block] = low_[block] = next_++;
    isOpen_[block] = true;
    stack_.push_back(block);
    steps_.push_back({block, 0});
  }

  void visit(uint32_t root, uint32_t number) {
    open(root);
    while (!steps_.empty()) {
      const uint32_t block = steps_.back().block;
      if (steps_.back().next < successors_[block].size()) {
        const uint32_t successor = successors_[block][steps_.back().next++];
        ++looks_;
        if (region_[successor] != number)
          continue;
        if (index_[successor] == kUnseen)
          open(successor);
        else if (isOpen_[successor])
          low_[block] = std::min(low_[block], index_[successor]);
        continue;
      }
      steps_.pop_back();
      if (!steps_.empty())
        low_[steps_.back().block] = std::min(low_[steps_.back().block], low_[block]);
      if (low_[block] != index_[block])
        continue;
      auto &component = found_.emplace_back();
      uint32_t member;
      do {
        member = stack_.back();
        stack_.pop_back();
        isOpen_[member] = false;
        component.push_back(member);
      } while (member != block);
      // The block that was entered first is the head.
      std::reverse(component.begin(), component.end());
    }
  }

  const std::vector<std::vector<uint32_t>> &successors_;
  std::vector<uint32_t> &region_;
  std::vector<uint32_t> index_, low_, stack_;
  std::vector<bool> isOpen_;
  std::vector<Step> steps_;
  std::vector<std::vector<uint32_t>> found_;
  uint32_t next_ = 0;
  uint64_t looks_ = 0;
};

} // namespace

std::vector<uint32_t> orderBlocks(const std::vector<std::vector<uint32_t>> &successors) {
  std::vector<uint32_t> order, region(successors.size(), 0);
  if (successors.empty())
    return order;
  Components components(successors, region);
  // Components that are still to be laid out, the next one last.
  std::vector<std::vector<uint32_t>> pending = components.find(0, 0);
  uint32_t regions = 0;
  while (!pending.empty()) {
    const std::vector<uint32_t> component = std::move(pending.back());
    pending.pop_back();
    if (components.looks() > kMostLooks) {
      order.insert(order.end(), component.begin(), component.end());
      continue;
    }
    order.push_back(component[0]);
    if (component.size() == 1)
      continue;
    // What is left of a loop without its head is a region of its own, entered from the head.
    const uint32_t number = ++regions;
    for (size_t i = 1; i < component.size(); ++i) {
      region[component[i]] = number;
      components.forget(component[i]);
    }
    region[component[0]] = kUnseen;
    std::vector<std::vector<std::vector<uint32_t>>> parts;
    for (uint32_t entry : successors[component[0]])
      if (region[entry] == number)
        parts.push_back(components.find(entry, number));
    // What a later search finds does not follow on what an earlier one found.
    for (auto &part : parts)
      for (auto &inner : part)
        pending.push_back(std::move(inner));
  }
  return order;
}

} // namespace moert::vgpu
