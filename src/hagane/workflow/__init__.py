"""One file a verb: init, train, evaluate, predict, describe. The only room that conducts the others."""
