// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/TransportPlugin.h"
#include "Support.h"

using namespace moert;
using namespace moert::test;

namespace {

void expectRefused(const char *name, int32_t code, const char *part) {
  const moert_transport_api *api = nullptr;
  EXPECT_FAILS(loadTransport(name, api), code, part);
  EXPECT_EQ(api, nullptr);
}

TEST(TransportPluginTest, NamesAreNoPaths) {
  for (const char *name : {"", "../gloo", "gl oo", "Gloo", "gloo.so", "/tmp/x", "ä",
                           "a_name_that_is_much_longer_than_names_are"})
    expectRefused(name, MOERT_INVALID_ARGUMENT, "is no name of a transport");
  expectRefused(nullptr, MOERT_INVALID_ARGUMENT, "'' is no name of a transport");
}

TEST(TransportPluginTest, AbsenceSaysWhatToDo) {
  expectRefused("absent", MOERT_UNSUPPORTED,
                "transport 'absent' is not here: no libmoert_absent.so in a folder of "
                "MOERT_PLUGIN_PATH, beside libmoert or on the loader's path");
}

TEST(TransportPluginTest, OtherFilesAreRefused) {
  Folder folder;
  Environment path("MOERT_PLUGIN_PATH", ("/nowhere::" + (folder / "")).c_str());
  writeFile(folder / "libmoert_text.so", {'t', 'e', 'x', 't'});
  expectRefused("text", MOERT_UNSUPPORTED, "transport 'text' cannot be loaded: ");
  writeFile(folder / "libmoert_empty.so", readFile(MOERT_TEST_EMPTY));
  expectRefused("empty", MOERT_INCOMPATIBLE,
                "libmoert_empty.so is no transport for this version of libmoert");
}

} // namespace
