//===- RTExchangeOps.td - Rows between ranks ---------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ops of an exchange follow each other on every rank: begin, then receive
// and return for each round, then end. On tensors those that write have the
// destination as an operand and as a result; on memrefs as an operand only.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_RT_IR_RTEXCHANGEOPS
#define MOEC_DIALECTS_RT_IR_RTEXCHANGEOPS

include "dialects/RT/IR/RTDialect.td"
include "dialects/RT/IR/RTOps.td"

def RT_Rows : AnyTypeOf<[TensorRankOf<[AnyType], [2]>, MemRefRankOf<[AnyType], [2]>], "rows">;
def RT_Places : AnyTypeOf<[TensorRankOf<[I64], [1]>, MemRefRankOf<[I64], [1]>], "places of rows">;
def RT_Numbers : AnyTypeOf<[TensorRankOf<[I32], [1]>, MemRefRankOf<[I32], [1]>], "numbers">;

def RT_ExchangeOp : RT_SymbolOp<"exchange"> {
  let summary = "declare an exchange between ranks";
  let description = [{
    The module's `rt.grid` tells the ranks. Members of a group differ along `axes` only; `owners[e]` is the member that
    has expert e. A rank receives `window` rows in a round at most. `chunks` are the rounds that its rows are spread over
    at least, 0 leaving that to costs, of which these are known: bytes of a row and of what is made of it, and the
    multiplications and additions that takes.

    With `parts` an expert has as many owners, and its rows go to all of them: `owners[e * parts + i]` has part i, which
    makes as many columns of the result of each row, part 0 the first ones. `result_bytes` are those of a part.

    ```mlir
    module attributes {rt.grid = array<i64: 1, 4>} {
      rt.exchange @experts axes [1] owners [0, 0, 1, 1, 2, 2, 3, 3] window 512 {row_bytes = 256, result_bytes = 256, row_flops = 24576}
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, DenseI64ArrayAttr:$axes, DenseI64ArrayAttr:$owners,
    ConfinedAttr<I64Attr, [IntPositive]>:$window,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$chunks,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$row_bytes,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$result_bytes,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$row_flops,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "1">:$parts);
  let assemblyFormat = "$sym_name `axes` $axes `owners` $owners `window` $window attr-dict";
  let hasVerifier = 1;
}

class RT_InExchangeOp<string mnemonic, list<Trait> traits = []>
    : RT_Op<mnemonic, !listconcat([MemoryEffects<[MemRead, MemWrite]>,
                                   DeclareOpInterfaceMethods<SymbolUserOpInterface>], traits)>;

def RT_BeginExchangeOp : RT_InExchangeOp<"begin_exchange"> {
  let summary = "show other ranks the rows that are for them";
  let description = [{
    Row r of the exchange is row `gather[r]` of `rows`, or row r without `gather`; expert e has rows `offsets[e]` to
    `offsets[e + 1]` - 1. Gives the number of rounds and the rows of a window, which are the same on all ranks of the
    group, and, the latter, known from shapes. Other ranks read `rows` until `rt.end_exchange`.

    ```mlir
    %rounds, %window = rt.begin_exchange @experts(%x gather %source, %offsets) : tensor<?x64xf32>, tensor<?xi32>, tensor<9xi32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$exchange, RT_Rows:$rows, Optional<RT_Numbers>:$gather, RT_Numbers:$offsets);
  let results = (outs Index:$rounds, Index:$window);
  let assemblyFormat = [{
    $exchange `(` $rows (`gather` $gather^)? `,` $offsets `)` attr-dict
    `:` type($rows) (`gather` type($gather)^)? `,` type($offsets)
  }];
  let hasVerifier = 1;
}

def RT_ReceiveRowsOp : RT_InExchangeOp<"receive_rows"> {
  let summary = "the rows of a round";
  let description = [{
    Row r of the round is row `places[r]` of `memory`, of `window` rows, as `rt.begin_exchange` gave their number.
    `memory` is memory as rows that begin at each of its elements, a memref of strides 1 and 1: of the runtime, where rows
    of other ranks are, and of the rank itself, whose own rows nobody copies. It has no size that means anything, may be
    read at `places` until the round is returned, and is never to be copied as a whole. `ranges` are written and tell
    where the rows of each expert, or part of an expert, are. Rows beyond the last range hold anything.

    ```mlir
    %memory, %places, %ranges = rt.receive_rows @experts[%round](%window) into %init
        : tensor<9xi32> -> tensor<?x64xf32>, tensor<?xi64>, tensor<9xi32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$exchange, Index:$round, Index:$window, RT_Numbers:$init);
  let results = (outs RT_Rows:$memory, RT_Places:$places, Optional<RT_Numbers>:$ranges);
  let assemblyFormat = [{
    $exchange `[` $round `]` `(` $window `)` `into` $init attr-dict
    `:` type($init) `->` type($memory) `,` type($places) (`,` type($ranges)^)?
  }];
  let extraClassDeclaration = [{
    /// The memref of `memory` for rows like these.
    static mlir::MemRefType getMemoryType(mlir::ShapedType rows);
  }];
  let hasVerifier = 1;
}

def RT_ReturnRowsOp : RT_InExchangeOp<"return_rows"> {
  let summary = "give back what was made of the rows of a round";
  let description = [{
    Row r of `rows` was made of row r of the round. `results` has a row for each that this rank took into the exchange,
    as wide as those of all parts of an expert together,
    is the same in all rounds, and is complete after `rt.end_exchange`: rows that come back from other ranks are written
    there as they come.

    ```mlir
    %next = rt.return_rows @experts[%round] %made into %results : tensor<?x64xf32> into tensor<?x64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$exchange, Index:$round, RT_Rows:$rows, RT_Rows:$results);
  let results = (outs Optional<RT_Rows>:$result);
  let assemblyFormat = [{
    $exchange `[` $round `]` $rows `into` $results attr-dict `:` type($rows) `into` type($results) (`->` type($result)^)?
  }];
  let hasVerifier = 1;
}

def RT_EndExchangeOp : RT_InExchangeOp<"end_exchange"> {
  let summary = "wait until all rows are back";
  let description = [{
    Takes what `rt.begin_exchange` took, which others read up to here, and `results`, which are complete now.

    ```mlir
    %y = rt.end_exchange @experts(%x gather %source, %offsets) into %results
        : tensor<?x64xf32> gather tensor<?xi32>, tensor<9xi32> into tensor<?x64xf32> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$exchange, RT_Rows:$rows, Optional<RT_Numbers>:$gather, RT_Numbers:$offsets,
    RT_Rows:$results);
  let results = (outs Optional<RT_Rows>:$result);
  let assemblyFormat = [{
    $exchange `(` $rows (`gather` $gather^)? `,` $offsets `)` `into` $results attr-dict
    `:` type($rows) (`gather` type($gather)^)? `,` type($offsets) `into` type($results) (`->` type($result)^)?
  }];
  let hasVerifier = 1;
}

#endif // MOEC_DIALECTS_RT_IR_RTEXCHANGEOPS
