//===- JitArtifactTest.cpp - Artifacts in this process ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "moec/Emit.h"

#include "dialects/RT/IR/RT.h"
#include "moert/moert.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace moec;

namespace {
OwningOpRef<ModuleOp> parse(MLIRContext &context, const char *text) {
  context.loadDialect<rt::RTDialect, func::FuncDialect, memref::MemRefDialect, scf::SCFDialect,
                      arith::ArithDialect, math::MathDialect, LLVM::LLVMDialect>();
  return parseSourceString<ModuleOp>(text, &context);
}

const char *const square = R"(
func.func private @k(%begin: index, %end: index, %x: memref<?xf32>, %y: memref<?xf32>)
    attributes {rt.kernel} {
  %c1 = arith.constant 1 : index
  scf.for %i = %begin to %end step %c1 {
    %v = memref.load %x[%i] : memref<?xf32>
    %p = arith.mulf %v, %v : f32
    memref.store %p, %y[%i] : memref<?xf32>
  }
  return
}
func.func @square(%x: memref<?xf32> {rt.name = "x"})
    attributes {rt.entry, rt.outputs = [#rt.value<"y", tensor<?xf32>>]} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %y = rt.output 0(%n) : memref<?xf32>
  rt.launch @k units(%n) (%x, %y) : memref<?xf32>, memref<?xf32>
  return
})";
} // namespace

TEST(JitArtifact, RunsInThisProcess) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module = parse(context, square);
  ASSERT_TRUE(module);
  EmitOptions options;
  options.producer = "unit test";
  ASSERT_TRUE(succeeded(lowerToLLVM(*module, options)));
  auto object = emitObject(*module, options);
  ASSERT_TRUE(bool(object)) << llvm::toString(object.takeError());
  auto jit = JitArtifact::load(std::move(*object));
  ASSERT_TRUE(bool(jit)) << llvm::toString(jit.takeError());
  const moert_artifact_v1 *table = (*jit)->get();
  EXPECT_STREQ(table->producer, "unit test");
  EXPECT_EQ(table->num_kernels, 1u);
  EXPECT_STREQ(table->entries[0].inputs[0].name, "x");
  EXPECT_EQ(table->entries[0].outputs[0].sizes[0], -1);

  const moert_api *api = moert_get_api(MOERT_API_VERSION);
  moert_runtime *runtime = nullptr;
  moert_artifact *artifact = nullptr;
  moert_session *session = nullptr;
  moert_request *request = nullptr;
  ASSERT_EQ(api->runtime_create(nullptr, &runtime).code, MOERT_OK);
  moert_status status = api->artifact_from_table(runtime, table, nullptr, &artifact);
  ASSERT_EQ(status.code, MOERT_OK) << status.message;
  ASSERT_EQ(api->session_create(artifact, nullptr, nullptr, &session).code, MOERT_OK);
  ASSERT_EQ(api->request_create(session, nullptr, &request).code, MOERT_OK);
  float values[5] = {1, 2, 3, -4, 0.5f};
  int64_t sizes[1] = {5};
  moert_tensor input = {sizeof(moert_tensor), values, sizeof values, MOERT_F32, 1, sizes};
  ASSERT_EQ(api->request_set_input(request, "x", &input).code, MOERT_OK);
  status = api->request_run(request);
  ASSERT_EQ(status.code, MOERT_OK) << status.message;
  moert_tensor output = {};
  output.size = sizeof output;
  ASSERT_EQ(api->request_output(request, "y", &output).code, MOERT_OK);
  ASSERT_EQ(output.sizes[0], 5);
  for (int index = 0; index < 5; ++index)
    EXPECT_EQ(static_cast<const float *>(output.data)[index], values[index] * values[index]);
  api->request_release(request);
  api->session_release(session);
  api->artifact_release(artifact);
  api->runtime_release(runtime);
}

TEST(JitArtifact, SameModuleSameBuildId) {
  MLIRContext context;
  OwningOpRef<ModuleOp> a = parse(context, square), b = parse(context, square);
  OwningOpRef<ModuleOp> c = parse(context, "func.func @f() attributes {rt.entry} {\n  return\n}");
  ASSERT_TRUE(a && b && c);
  for (ModuleOp module : {*a, *b, *c})
    ASSERT_TRUE(succeeded(lowerToLLVM(module, EmitOptions())));
  EXPECT_EQ((*a)->getAttr(rt::RTDialect::kBuildId), (*b)->getAttr(rt::RTDialect::kBuildId));
  EXPECT_NE((*a)->getAttr(rt::RTDialect::kBuildId), (*c)->getAttr(rt::RTDialect::kBuildId));
}

TEST(JitArtifact, LibraryCallsAreRefused) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module = parse(context, R"(
func.func @main(%x: memref<4xf32>) attributes {rt.entry} {
  %c0 = arith.constant 0 : index
  %v = memref.load %x[%c0] : memref<4xf32>
  %e = math.exp %v : f32
  memref.store %e, %x[%c0] : memref<4xf32>
  return
})");
  ASSERT_TRUE(module);
  ASSERT_TRUE(succeeded(lowerToLLVM(*module, EmitOptions())));
  auto object = emitObject(*module, EmitOptions());
  ASSERT_FALSE(bool(object));
  EXPECT_EQ(llvm::toString(object.takeError()).find("the code would call expf"), 0u);
}

TEST(JitArtifact, ModuleThatWasNotLowered) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module = parse(context, "module {}");
  ASSERT_TRUE(module);
  auto object = emitObject(*module, EmitOptions());
  ASSERT_FALSE(bool(object));
  EXPECT_NE(llvm::toString(object.takeError()).find("--convert-rt-to-llvm makes it"),
            std::string::npos);
}
