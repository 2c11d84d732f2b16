/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A shared object that is no compiled model. */
__attribute__((visibility("default"))) int moert_test_nothing;
