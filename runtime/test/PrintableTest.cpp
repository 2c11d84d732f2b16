// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Printable.h"

#include <gtest/gtest.h>

using moert::cli::printable;

namespace {

TEST(Printable, KeepsWhatIsHarmless) {
  EXPECT_EQ(printable("plain/name_1 'quoted' \\"), "plain/name_1 'quoted' \\");
  EXPECT_EQ(printable("Gr\xc3\xb6\xc3\x9f"
                      "e \xe5\x90\x8d \xf0\x9f\x98\x80"),
            "Gr\xc3\xb6\xc3\x9f"
            "e \xe5\x90\x8d \xf0\x9f\x98\x80");
}

TEST(Printable, EscapesWhatATerminalObeys) {
  EXPECT_EQ(printable("\x1b[31m\n\x7f"), "\\u{1b}[31m\\u{a}\\u{7f}");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\u{9b}31m");
  EXPECT_EQ(printable("\xe2\x80\xae\xe2\x81\xa6\xef\xbb\xbf"), "\\u{202e}\\u{2066}\\u{feff}");
}

TEST(Printable, EscapesWhatIsNoUtf8) {
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("\xc0\xae\xed\xa0\x80\xf4\x90\x80\x80"),
            "\\xc0\\xae\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80");
}

TEST(Printable, CutsWhatIsLong) {
  EXPECT_EQ(printable(std::string(1000, 'n')), std::string(200, 'n') + "...");
  EXPECT_EQ(printable(std::string(9, 'n'), 4), "nnnn...");
}

} // namespace
