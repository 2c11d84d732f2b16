// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/LocalExchange.h"
#include "lib/Core/Status.h"

namespace moert {

LocalPart::~LocalPart() {
  for (LocalExchange *exchange : exchanges_)
    destroy(host, exchange);
}

moert_status LocalPart::create(const int32_t *ranks, int32_t count) {
  MOERT_RETURN_IF_FAILED(group.create(ranks, count));
  bool complete = exchanges_.allocate(host, size_t(count));
  for (int32_t member = 0; complete && member < count; ++member) {
    exchanges_[size_t(member)] = moert::create<LocalExchange>(host, *this, member);
    complete = exchanges_[size_t(member)] && exchanges_[size_t(member)]->create();
  }
  return complete ? success()
                  : failure(MOERT_OUT_OF_MEMORY, "no memory for a group of %d ranks", count);
}

int32_t LocalPart::memberOf(int32_t rank) const {
  for (int32_t member = 0; member < group.size(); ++member)
    if (group.rankOf(member) == rank)
      return member;
  return -1;
}

bool LocalPart::isOf(const int32_t *ranks, int32_t count) const {
  bool same = count == group.size();
  for (int32_t member = 0; same && member < count; ++member)
    same = group.rankOf(member) == ranks[member];
  return same;
}

} // namespace moert
