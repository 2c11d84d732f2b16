B%input.past_key_values.layers.0.valuesJ`FS«¿<*6¿ÄR¿¢º?¿ƒÁ?1÷¦¿°B“¾¦‹š?ìõ¨?˜’¾¦Ív>fW¿¬jE¿ÀÂ×<y§?IÂŸ¾*@Ø¿²ü6>Ah÷¿!Š=²?z&
>6j;¿Àka¿